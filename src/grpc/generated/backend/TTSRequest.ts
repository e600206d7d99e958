// Original file: proto/backend.proto


export interface TTSRequest {
  'text'?: (string);
  'model'?: (string);
  'dst'?: (string);
  'voice'?: (string);
  'language'?: (string);
  'instructions'?: (string);
  'params'?: ({[key: string]: string});
  'ModelIdentity'?: (string);
  '_language'?: "language";
  '_instructions'?: "instructions";
}

export interface TTSRequest__Output {
  'text': (string);
  'model': (string);
  'dst': (string);
  'voice': (string);
  'language'?: (string);
  'instructions'?: (string);
  'params': ({[key: string]: string});
  'ModelIdentity': (string);
  '_language'?: "language";
  '_instructions'?: "instructions";
}
