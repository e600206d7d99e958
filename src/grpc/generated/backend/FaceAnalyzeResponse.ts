// Original file: proto/backend.proto

import type { FaceAnalysis as _backend_FaceAnalysis, FaceAnalysis__Output as _backend_FaceAnalysis__Output } from '../backend/FaceAnalysis.ts';

export interface FaceAnalyzeResponse {
  'faces'?: (_backend_FaceAnalysis)[];
}

export interface FaceAnalyzeResponse__Output {
  'faces': (_backend_FaceAnalysis__Output)[];
}
