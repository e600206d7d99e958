// Original file: proto/backend.proto


export interface ScoreRequest {
  'prompt'?: (string);
  'candidates'?: (string)[];
  'include_token_logprobs'?: (boolean);
  'length_normalize'?: (boolean);
  'ModelIdentity'?: (string);
  'stable_prefix_len'?: (number);
}

export interface ScoreRequest__Output {
  'prompt': (string);
  'candidates': (string)[];
  'include_token_logprobs': (boolean);
  'length_normalize': (boolean);
  'ModelIdentity': (string);
  'stable_prefix_len': (number);
}
