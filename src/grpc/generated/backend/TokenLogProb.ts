// Original file: proto/backend.proto


export interface TokenLogProb {
  'token'?: (string);
  'log_prob'?: (number | string);
}

export interface TokenLogProb__Output {
  'token': (string);
  'log_prob': (number);
}
