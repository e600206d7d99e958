// Original file: proto/backend.proto


export interface Usage {
  'total_tokens'?: (number);
  'prompt_tokens'?: (number);
}

export interface Usage__Output {
  'total_tokens': (number);
  'prompt_tokens': (number);
}
