// Original file: proto/backend.proto


export interface GenerateImageRequest {
  'height'?: (number);
  'width'?: (number);
  'step'?: (number);
  'seed'?: (number);
  'positive_prompt'?: (string);
  'negative_prompt'?: (string);
  'dst'?: (string);
  'src'?: (string);
  'EnableParameters'?: (string);
  'CLIPSkip'?: (number);
  'ref_images'?: (string)[];
  'ModelIdentity'?: (string);
}

export interface GenerateImageRequest__Output {
  'height': (number);
  'width': (number);
  'step': (number);
  'seed': (number);
  'positive_prompt': (string);
  'negative_prompt': (string);
  'dst': (string);
  'src': (string);
  'EnableParameters': (string);
  'CLIPSkip': (number);
  'ref_images': (string)[];
  'ModelIdentity': (string);
}
