// Original file: proto/backend.proto

import type { Long } from '@grpc/proto-loader';

export interface AudioTransformFrameResponse {
  'pcm'?: (Buffer | Uint8Array | string);
  'frame_index'?: (number | string | Long);
}

export interface AudioTransformFrameResponse__Output {
  'pcm': (Buffer);
  'frame_index': (number);
}
