// Original file: proto/backend.proto


export interface DetectOptions {
  'src'?: (string);
  'prompt'?: (string);
  'points'?: (number | string)[];
  'boxes'?: (number | string)[];
  'threshold'?: (number | string);
  'ModelIdentity'?: (string);
}

export interface DetectOptions__Output {
  'src': (string);
  'prompt': (string);
  'points': (number)[];
  'boxes': (number)[];
  'threshold': (number);
  'ModelIdentity': (string);
}
