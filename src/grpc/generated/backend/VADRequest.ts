// Original file: proto/backend.proto


export interface VADRequest {
  'audio'?: (number | string)[];
  'ModelIdentity'?: (string);
}

export interface VADRequest__Output {
  'audio': (number)[];
  'ModelIdentity': (string);
}
