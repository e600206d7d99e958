// Original file: proto/backend.proto


export interface AudioDecodeResult {
  'pcm_data'?: (Buffer | Uint8Array | string);
  'sample_rate'?: (number);
  'samples_per_frame'?: (number);
}

export interface AudioDecodeResult__Output {
  'pcm_data': (Buffer);
  'sample_rate': (number);
  'samples_per_frame': (number);
}
