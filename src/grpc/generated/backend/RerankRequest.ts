// Original file: proto/backend.proto


export interface RerankRequest {
  'query'?: (string);
  'documents'?: (string)[];
  'top_n'?: (number);
  'ModelIdentity'?: (string);
}

export interface RerankRequest__Output {
  'query': (string);
  'documents': (string)[];
  'top_n': (number);
  'ModelIdentity': (string);
}
