// Original file: proto/backend.proto


export interface AudioToAudioFrame {
  'pcm'?: (Buffer | Uint8Array | string);
  'end_of_input'?: (boolean);
}

export interface AudioToAudioFrame__Output {
  'pcm': (Buffer);
  'end_of_input': (boolean);
}
