// Original file: proto/backend.proto

import type { DiarizeSegment as _backend_DiarizeSegment, DiarizeSegment__Output as _backend_DiarizeSegment__Output } from '../backend/DiarizeSegment.ts';

export interface DiarizeResponse {
  'segments'?: (_backend_DiarizeSegment)[];
  'num_speakers'?: (number);
  'duration'?: (number | string);
  'language'?: (string);
}

export interface DiarizeResponse__Output {
  'segments': (_backend_DiarizeSegment__Output)[];
  'num_speakers': (number);
  'duration': (number);
  'language': (string);
}
