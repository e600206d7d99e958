// Original file: proto/backend.proto


export interface DepthResponse {
  'width'?: (number);
  'height'?: (number);
  'depth'?: (number | string)[];
  'confidence'?: (number | string)[];
  'sky'?: (number | string)[];
  'extrinsics'?: (number | string)[];
  'intrinsics'?: (number | string)[];
  'num_points'?: (number);
  'points'?: (number | string)[];
  'point_colors'?: (Buffer | Uint8Array | string);
  'export_paths'?: (string)[];
  'is_metric'?: (boolean);
}

export interface DepthResponse__Output {
  'width': (number);
  'height': (number);
  'depth': (number)[];
  'confidence': (number)[];
  'sky': (number)[];
  'extrinsics': (number)[];
  'intrinsics': (number)[];
  'num_points': (number);
  'points': (number)[];
  'point_colors': (Buffer);
  'export_paths': (string)[];
  'is_metric': (boolean);
}
