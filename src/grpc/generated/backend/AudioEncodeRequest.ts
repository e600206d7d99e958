// Original file: proto/backend.proto


export interface AudioEncodeRequest {
  'pcm_data'?: (Buffer | Uint8Array | string);
  'sample_rate'?: (number);
  'channels'?: (number);
  'options'?: ({[key: string]: string});
}

export interface AudioEncodeRequest__Output {
  'pcm_data': (Buffer);
  'sample_rate': (number);
  'channels': (number);
  'options': ({[key: string]: string});
}
