// Original file: proto/backend.proto

import type { TranscriptWord as _backend_TranscriptWord, TranscriptWord__Output as _backend_TranscriptWord__Output } from '../backend/TranscriptWord.ts';
import type { TranscriptResult as _backend_TranscriptResult, TranscriptResult__Output as _backend_TranscriptResult__Output } from '../backend/TranscriptResult.ts';

export interface TranscriptLiveResponse {
  'ready'?: (boolean);
  'delta'?: (string);
  'eou'?: (boolean);
  'words'?: (_backend_TranscriptWord)[];
  'final_result'?: (_backend_TranscriptResult | null);
  'eob'?: (boolean);
}

export interface TranscriptLiveResponse__Output {
  'ready': (boolean);
  'delta': (string);
  'eou': (boolean);
  'words': (_backend_TranscriptWord__Output)[];
  'final_result': (_backend_TranscriptResult__Output | null);
  'eob': (boolean);
}
