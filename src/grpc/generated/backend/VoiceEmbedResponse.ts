// Original file: proto/backend.proto


export interface VoiceEmbedResponse {
  'embedding'?: (number | string)[];
  'model'?: (string);
}

export interface VoiceEmbedResponse__Output {
  'embedding': (number)[];
  'model': (string);
}
