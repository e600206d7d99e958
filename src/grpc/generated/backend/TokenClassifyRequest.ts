// Original file: proto/backend.proto


export interface TokenClassifyRequest {
  'text'?: (string);
  'threshold'?: (number | string);
  'ModelIdentity'?: (string);
}

export interface TokenClassifyRequest__Output {
  'text': (string);
  'threshold': (number);
  'ModelIdentity': (string);
}
