// Original file: proto/backend.proto


export interface UpscaleImageRequest {
  'src'?: (string);
  'dst'?: (string);
  'scale'?: (number);
}

export interface UpscaleImageRequest__Output {
  'src': (string);
  'dst': (string);
  'scale': (number);
}
