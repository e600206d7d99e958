// Original file: proto/backend.proto


export interface VoiceEmbedRequest {
  'audio'?: (string);
  'ModelIdentity'?: (string);
}

export interface VoiceEmbedRequest__Output {
  'audio': (string);
  'ModelIdentity': (string);
}
