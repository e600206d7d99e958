// Original file: proto/backend.proto

import type { FacialArea as _backend_FacialArea, FacialArea__Output as _backend_FacialArea__Output } from '../backend/FacialArea.ts';

export interface FaceVerifyResponse {
  'verified'?: (boolean);
  'distance'?: (number | string);
  'threshold'?: (number | string);
  'confidence'?: (number | string);
  'model'?: (string);
  'img1_area'?: (_backend_FacialArea | null);
  'img2_area'?: (_backend_FacialArea | null);
  'processing_time_ms'?: (number | string);
  'img1_is_real'?: (boolean);
  'img1_antispoof_score'?: (number | string);
  'img2_is_real'?: (boolean);
  'img2_antispoof_score'?: (number | string);
}

export interface FaceVerifyResponse__Output {
  'verified': (boolean);
  'distance': (number);
  'threshold': (number);
  'confidence': (number);
  'model': (string);
  'img1_area': (_backend_FacialArea__Output | null);
  'img2_area': (_backend_FacialArea__Output | null);
  'processing_time_ms': (number);
  'img1_is_real': (boolean);
  'img1_antispoof_score': (number);
  'img2_is_real': (boolean);
  'img2_antispoof_score': (number);
}
