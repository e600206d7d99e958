// Original file: proto/backend.proto

import type { TranscriptWord as _backend_TranscriptWord, TranscriptWord__Output as _backend_TranscriptWord__Output } from '../backend/TranscriptWord.ts';
import type { Long } from '@grpc/proto-loader';

export interface TranscriptSegment {
  'id'?: (number);
  'start'?: (number | string | Long);
  'end'?: (number | string | Long);
  'text'?: (string);
  'tokens'?: (number)[];
  'speaker'?: (string);
  'words'?: (_backend_TranscriptWord)[];
}

export interface TranscriptSegment__Output {
  'id': (number);
  'start': (number);
  'end': (number);
  'text': (string);
  'tokens': (number)[];
  'speaker': (string);
  'words': (_backend_TranscriptWord__Output)[];
}
