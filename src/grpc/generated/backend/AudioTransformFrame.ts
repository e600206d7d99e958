// Original file: proto/backend.proto


export interface AudioTransformFrame {
  'audio_pcm'?: (Buffer | Uint8Array | string);
  'reference_pcm'?: (Buffer | Uint8Array | string);
}

export interface AudioTransformFrame__Output {
  'audio_pcm': (Buffer);
  'reference_pcm': (Buffer);
}
