// Original file: proto/backend.proto


export interface StoresValue {
  'Bytes'?: (Buffer | Uint8Array | string);
}

export interface StoresValue__Output {
  'Bytes': (Buffer);
}
