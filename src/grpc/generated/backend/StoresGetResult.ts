// Original file: proto/backend.proto

import type { StoresKey as _backend_StoresKey, StoresKey__Output as _backend_StoresKey__Output } from '../backend/StoresKey.ts';
import type { StoresValue as _backend_StoresValue, StoresValue__Output as _backend_StoresValue__Output } from '../backend/StoresValue.ts';

export interface StoresGetResult {
  'Keys'?: (_backend_StoresKey)[];
  'Values'?: (_backend_StoresValue)[];
}

export interface StoresGetResult__Output {
  'Keys': (_backend_StoresKey__Output)[];
  'Values': (_backend_StoresValue__Output)[];
}
