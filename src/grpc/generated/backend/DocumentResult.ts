// Original file: proto/backend.proto


export interface DocumentResult {
  'index'?: (number);
  'text'?: (string);
  'relevance_score'?: (number | string);
}

export interface DocumentResult__Output {
  'index': (number);
  'text': (string);
  'relevance_score': (number);
}
