// Original file: proto/backend.proto


export interface FacialArea {
  'x'?: (number | string);
  'y'?: (number | string);
  'w'?: (number | string);
  'h'?: (number | string);
}

export interface FacialArea__Output {
  'x': (number);
  'y': (number);
  'w': (number);
  'h': (number);
}
