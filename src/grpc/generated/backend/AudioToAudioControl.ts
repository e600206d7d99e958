// Original file: proto/backend.proto


export interface AudioToAudioControl {
  'event'?: (string);
  'payload'?: (Buffer | Uint8Array | string);
}

export interface AudioToAudioControl__Output {
  'event': (string);
  'payload': (Buffer);
}
