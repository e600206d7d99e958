// Original file: proto/backend.proto


export interface AudioDecodeRequest {
  'frames'?: (Buffer | Uint8Array | string)[];
  'options'?: ({[key: string]: string});
}

export interface AudioDecodeRequest__Output {
  'frames': (Buffer)[];
  'options': ({[key: string]: string});
}
