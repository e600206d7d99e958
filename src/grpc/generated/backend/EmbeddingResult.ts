// Original file: proto/backend.proto

import type { EmbeddingLayout as _backend_EmbeddingLayout, EmbeddingLayout__Output as _backend_EmbeddingLayout__Output } from '../backend/EmbeddingLayout.ts';

export interface EmbeddingResult {
  'embeddings'?: (number | string)[];
  'tokens'?: (number);
  'dim'?: (number);
  'prompt_tokens'?: (number);
  'layout'?: (_backend_EmbeddingLayout);
}

export interface EmbeddingResult__Output {
  'embeddings': (number)[];
  'tokens': (number);
  'dim': (number);
  'prompt_tokens': (number);
  'layout': (_backend_EmbeddingLayout__Output);
}
