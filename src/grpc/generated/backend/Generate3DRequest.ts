// Original file: proto/backend.proto


export interface Generate3DRequest {
  'src'?: (string);
  'dst'?: (string);
  'seed'?: (number);
  'step'?: (number);
  'cfg_scale'?: (number | string);
  'texture_steps'?: (number);
  'quality'?: (string);
  'background'?: (string);
  'params'?: ({[key: string]: string});
}

export interface Generate3DRequest__Output {
  'src': (string);
  'dst': (string);
  'seed': (number);
  'step': (number);
  'cfg_scale': (number);
  'texture_steps': (number);
  'quality': (string);
  'background': (string);
  'params': ({[key: string]: string});
}
