// Original file: proto/backend.proto


export interface VADSegment {
  'start'?: (number | string);
  'end'?: (number | string);
}

export interface VADSegment__Output {
  'start': (number);
  'end': (number);
}
