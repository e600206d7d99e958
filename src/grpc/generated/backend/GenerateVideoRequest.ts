// Original file: proto/backend.proto


export interface GenerateVideoRequest {
  'prompt'?: (string);
  'negative_prompt'?: (string);
  'start_image'?: (string);
  'end_image'?: (string);
  'width'?: (number);
  'height'?: (number);
  'num_frames'?: (number);
  'fps'?: (number);
  'seed'?: (number);
  'cfg_scale'?: (number | string);
  'step'?: (number);
  'dst'?: (string);
  'audio'?: (string);
  'params'?: ({[key: string]: string});
  'ModelIdentity'?: (string);
}

export interface GenerateVideoRequest__Output {
  'prompt': (string);
  'negative_prompt': (string);
  'start_image': (string);
  'end_image': (string);
  'width': (number);
  'height': (number);
  'num_frames': (number);
  'fps': (number);
  'seed': (number);
  'cfg_scale': (number);
  'step': (number);
  'dst': (string);
  'audio': (string);
  'params': ({[key: string]: string});
  'ModelIdentity': (string);
}
