// Original file: proto/backend.proto

import type { StoresKey as _backend_StoresKey, StoresKey__Output as _backend_StoresKey__Output } from '../backend/StoresKey.ts';

export interface StoresDeleteOptions {
  'Keys'?: (_backend_StoresKey)[];
}

export interface StoresDeleteOptions__Output {
  'Keys': (_backend_StoresKey__Output)[];
}
