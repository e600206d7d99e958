// Original file: proto/backend.proto

import type { SoundClass as _backend_SoundClass, SoundClass__Output as _backend_SoundClass__Output } from '../backend/SoundClass.ts';

export interface SoundDetectionResponse {
  'detections'?: (_backend_SoundClass)[];
}

export interface SoundDetectionResponse__Output {
  'detections': (_backend_SoundClass__Output)[];
}
