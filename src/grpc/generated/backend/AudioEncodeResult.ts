// Original file: proto/backend.proto


export interface AudioEncodeResult {
  'frames'?: (Buffer | Uint8Array | string)[];
  'sample_rate'?: (number);
  'samples_per_frame'?: (number);
}

export interface AudioEncodeResult__Output {
  'frames': (Buffer)[];
  'sample_rate': (number);
  'samples_per_frame': (number);
}
