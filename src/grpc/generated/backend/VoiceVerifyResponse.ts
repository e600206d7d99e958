// Original file: proto/backend.proto


export interface VoiceVerifyResponse {
  'verified'?: (boolean);
  'distance'?: (number | string);
  'threshold'?: (number | string);
  'confidence'?: (number | string);
  'model'?: (string);
  'processing_time_ms'?: (number | string);
}

export interface VoiceVerifyResponse__Output {
  'verified': (boolean);
  'distance': (number);
  'threshold': (number);
  'confidence': (number);
  'model': (string);
  'processing_time_ms': (number);
}
