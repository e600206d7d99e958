// Original file: proto/backend.proto


export interface CheckpointInfo {
  'path'?: (string);
  'step'?: (number);
  'epoch'?: (number | string);
  'loss'?: (number | string);
  'created_at'?: (string);
}

export interface CheckpointInfo__Output {
  'path': (string);
  'step': (number);
  'epoch': (number);
  'loss': (number);
  'created_at': (string);
}
