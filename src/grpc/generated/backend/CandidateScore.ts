// Original file: proto/backend.proto

import type { TokenLogProb as _backend_TokenLogProb, TokenLogProb__Output as _backend_TokenLogProb__Output } from '../backend/TokenLogProb.ts';

export interface CandidateScore {
  'log_prob'?: (number | string);
  'length_normalized_log_prob'?: (number | string);
  'tokens'?: (_backend_TokenLogProb)[];
  'num_tokens'?: (number);
}

export interface CandidateScore__Output {
  'log_prob': (number);
  'length_normalized_log_prob': (number);
  'tokens': (_backend_TokenLogProb__Output)[];
  'num_tokens': (number);
}
