// Original file: proto/backend.proto


export interface DetokenizeResponse {
  'content'?: (string);
}

export interface DetokenizeResponse__Output {
  'content': (string);
}
