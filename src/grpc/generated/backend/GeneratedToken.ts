// Original file: proto/backend.proto


export interface GeneratedToken {
  'id'?: (number);
  'logprobs'?: (Buffer | Uint8Array | string);
}

export interface GeneratedToken__Output {
  'id': (number);
  'logprobs': (Buffer);
}
