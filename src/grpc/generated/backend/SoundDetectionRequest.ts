// Original file: proto/backend.proto


export interface SoundDetectionRequest {
  'src'?: (string);
  'top_k'?: (number);
  'threshold'?: (number | string);
  'ModelIdentity'?: (string);
}

export interface SoundDetectionRequest__Output {
  'src': (string);
  'top_k': (number);
  'threshold': (number);
  'ModelIdentity': (string);
}
