// Original file: proto/backend.proto


export interface FaceVerifyRequest {
  'img1'?: (string);
  'img2'?: (string);
  'threshold'?: (number | string);
  'anti_spoofing'?: (boolean);
  'ModelIdentity'?: (string);
}

export interface FaceVerifyRequest__Output {
  'img1': (string);
  'img2': (string);
  'threshold': (number);
  'anti_spoofing': (boolean);
  'ModelIdentity': (string);
}
