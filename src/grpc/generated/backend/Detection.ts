// Original file: proto/backend.proto


export interface Detection {
  'x'?: (number | string);
  'y'?: (number | string);
  'width'?: (number | string);
  'height'?: (number | string);
  'confidence'?: (number | string);
  'class_name'?: (string);
  'mask'?: (Buffer | Uint8Array | string);
}

export interface Detection__Output {
  'x': (number);
  'y': (number);
  'width': (number);
  'height': (number);
  'confidence': (number);
  'class_name': (string);
  'mask': (Buffer);
}
