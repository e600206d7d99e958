// Original file: proto/backend.proto

import type { Usage as _backend_Usage, Usage__Output as _backend_Usage__Output } from '../backend/Usage.ts';
import type { DocumentResult as _backend_DocumentResult, DocumentResult__Output as _backend_DocumentResult__Output } from '../backend/DocumentResult.ts';

export interface RerankResult {
  'usage'?: (_backend_Usage | null);
  'results'?: (_backend_DocumentResult)[];
}

export interface RerankResult__Output {
  'usage': (_backend_Usage__Output | null);
  'results': (_backend_DocumentResult__Output)[];
}
