// Original file: proto/backend.proto

import type { Long } from '@grpc/proto-loader';

export interface TranscriptWord {
  'start'?: (number | string | Long);
  'end'?: (number | string | Long);
  'text'?: (string);
}

export interface TranscriptWord__Output {
  'start': (number);
  'end': (number);
  'text': (string);
}
