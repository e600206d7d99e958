// Original file: proto/backend.proto


export interface VoiceAnalyzeRequest {
  'audio'?: (string);
  'actions'?: (string)[];
  'ModelIdentity'?: (string);
}

export interface VoiceAnalyzeRequest__Output {
  'audio': (string);
  'actions': (string)[];
  'ModelIdentity': (string);
}
