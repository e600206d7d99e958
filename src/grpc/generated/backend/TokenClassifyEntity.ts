// Original file: proto/backend.proto


export interface TokenClassifyEntity {
  'entity_group'?: (string);
  'start'?: (number);
  'end'?: (number);
  'score'?: (number | string);
  'text'?: (string);
}

export interface TokenClassifyEntity__Output {
  'entity_group': (string);
  'start': (number);
  'end': (number);
  'score': (number);
  'text': (string);
}
