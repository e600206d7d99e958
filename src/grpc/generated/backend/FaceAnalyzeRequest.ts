// Original file: proto/backend.proto


export interface FaceAnalyzeRequest {
  'img'?: (string);
  'actions'?: (string)[];
  'anti_spoofing'?: (boolean);
  'ModelIdentity'?: (string);
}

export interface FaceAnalyzeRequest__Output {
  'img': (string);
  'actions': (string)[];
  'anti_spoofing': (boolean);
  'ModelIdentity': (string);
}
