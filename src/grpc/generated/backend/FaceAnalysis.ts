// Original file: proto/backend.proto

import type { FacialArea as _backend_FacialArea, FacialArea__Output as _backend_FacialArea__Output } from '../backend/FacialArea.ts';

export interface FaceAnalysis {
  'region'?: (_backend_FacialArea | null);
  'face_confidence'?: (number | string);
  'age'?: (number | string);
  'dominant_gender'?: (string);
  'gender'?: ({[key: string]: number | string});
  'dominant_emotion'?: (string);
  'emotion'?: ({[key: string]: number | string});
  'dominant_race'?: (string);
  'race'?: ({[key: string]: number | string});
  'is_real'?: (boolean);
  'antispoof_score'?: (number | string);
}

export interface FaceAnalysis__Output {
  'region': (_backend_FacialArea__Output | null);
  'face_confidence': (number);
  'age': (number);
  'dominant_gender': (string);
  'gender': ({[key: string]: number});
  'dominant_emotion': (string);
  'emotion': ({[key: string]: number});
  'dominant_race': (string);
  'race': ({[key: string]: number});
  'is_real': (boolean);
  'antispoof_score': (number);
}
