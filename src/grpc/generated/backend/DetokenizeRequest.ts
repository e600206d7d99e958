// Original file: proto/backend.proto


export interface DetokenizeRequest {
  'tokens'?: (number)[];
}

export interface DetokenizeRequest__Output {
  'tokens': (number)[];
}
