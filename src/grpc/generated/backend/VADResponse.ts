// Original file: proto/backend.proto

import type { VADSegment as _backend_VADSegment, VADSegment__Output as _backend_VADSegment__Output } from '../backend/VADSegment.ts';

export interface VADResponse {
  'segments'?: (_backend_VADSegment)[];
}

export interface VADResponse__Output {
  'segments': (_backend_VADSegment__Output)[];
}
