// Original file: proto/backend.proto


export interface ListCheckpointsRequest {
  'output_dir'?: (string);
}

export interface ListCheckpointsRequest__Output {
  'output_dir': (string);
}
