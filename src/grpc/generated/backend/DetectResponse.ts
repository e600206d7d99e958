// Original file: proto/backend.proto

import type { Detection as _backend_Detection, Detection__Output as _backend_Detection__Output } from '../backend/Detection.ts';

export interface DetectResponse {
  'Detections'?: (_backend_Detection)[];
}

export interface DetectResponse__Output {
  'Detections': (_backend_Detection__Output)[];
}
