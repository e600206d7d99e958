// Original file: proto/backend.proto

import type { CheckpointInfo as _backend_CheckpointInfo, CheckpointInfo__Output as _backend_CheckpointInfo__Output } from '../backend/CheckpointInfo.ts';

export interface ListCheckpointsResponse {
  'checkpoints'?: (_backend_CheckpointInfo)[];
}

export interface ListCheckpointsResponse__Output {
  'checkpoints': (_backend_CheckpointInfo__Output)[];
}
