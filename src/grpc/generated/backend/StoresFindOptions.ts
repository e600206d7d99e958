// Original file: proto/backend.proto

import type { StoresKey as _backend_StoresKey, StoresKey__Output as _backend_StoresKey__Output } from '../backend/StoresKey.ts';

export interface StoresFindOptions {
  'Key'?: (_backend_StoresKey | null);
  'TopK'?: (number);
}

export interface StoresFindOptions__Output {
  'Key': (_backend_StoresKey__Output | null);
  'TopK': (number);
}
