// Original file: proto/backend.proto

import type { TranscriptResult as _backend_TranscriptResult, TranscriptResult__Output as _backend_TranscriptResult__Output } from '../backend/TranscriptResult.ts';

export interface TranscriptStreamResponse {
  'delta'?: (string);
  'final_result'?: (_backend_TranscriptResult | null);
}

export interface TranscriptStreamResponse__Output {
  'delta': (string);
  'final_result': (_backend_TranscriptResult__Output | null);
}
