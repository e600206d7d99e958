// Original file: proto/backend.proto


export interface AudioTransformStem {
  'name'?: (string);
  'dst'?: (string);
}

export interface AudioTransformStem__Output {
  'name': (string);
  'dst': (string);
}
