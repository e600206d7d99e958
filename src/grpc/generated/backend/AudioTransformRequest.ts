// Original file: proto/backend.proto


export interface AudioTransformRequest {
  'audio_path'?: (string);
  'reference_path'?: (string);
  'dst'?: (string);
  'params'?: ({[key: string]: string});
  'ModelIdentity'?: (string);
}

export interface AudioTransformRequest__Output {
  'audio_path': (string);
  'reference_path': (string);
  'dst': (string);
  'params': ({[key: string]: string});
  'ModelIdentity': (string);
}
