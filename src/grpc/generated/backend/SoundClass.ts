// Original file: proto/backend.proto


export interface SoundClass {
  'label'?: (string);
  'score'?: (number | string);
  'index'?: (number);
}

export interface SoundClass__Output {
  'label': (string);
  'score': (number);
  'index': (number);
}
