// Original file: proto/backend.proto

import type { Long } from '@grpc/proto-loader';

export interface AudioToAudioResponse {
  'event'?: (string);
  'pcm'?: (Buffer | Uint8Array | string);
  'sample_rate'?: (number);
  'meta'?: (Buffer | Uint8Array | string);
  'sequence'?: (number | string | Long);
}

export interface AudioToAudioResponse__Output {
  'event': (string);
  'pcm': (Buffer);
  'sample_rate': (number);
  'meta': (Buffer);
  'sequence': (number);
}
