// Original file: proto/backend.proto


export interface StoresKey {
  'Floats'?: (number | string)[];
}

export interface StoresKey__Output {
  'Floats': (number)[];
}
