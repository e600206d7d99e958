// Original file: proto/backend.proto


export interface DiarizeSegment {
  'id'?: (number);
  'start'?: (number | string);
  'end'?: (number | string);
  'speaker'?: (string);
  'text'?: (string);
}

export interface DiarizeSegment__Output {
  'id': (number);
  'start': (number);
  'end': (number);
  'speaker': (string);
  'text': (string);
}
