// Original file: proto/backend.proto


export interface VoiceVerifyRequest {
  'audio1'?: (string);
  'audio2'?: (string);
  'threshold'?: (number | string);
  'anti_spoofing'?: (boolean);
  'ModelIdentity'?: (string);
}

export interface VoiceVerifyRequest__Output {
  'audio1': (string);
  'audio2': (string);
  'threshold': (number);
  'anti_spoofing': (boolean);
  'ModelIdentity': (string);
}
