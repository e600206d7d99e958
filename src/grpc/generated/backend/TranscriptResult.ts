// Original file: proto/backend.proto

import type { TranscriptSegment as _backend_TranscriptSegment, TranscriptSegment__Output as _backend_TranscriptSegment__Output } from '../backend/TranscriptSegment.ts';

export interface TranscriptResult {
  'segments'?: (_backend_TranscriptSegment)[];
  'text'?: (string);
  'language'?: (string);
  'duration'?: (number | string);
  'eou'?: (boolean);
}

export interface TranscriptResult__Output {
  'segments': (_backend_TranscriptSegment__Output)[];
  'text': (string);
  'language': (string);
  'duration': (number);
  'eou': (boolean);
}
