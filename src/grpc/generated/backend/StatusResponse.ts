// Original file: proto/backend.proto

import type { MemoryUsageData as _backend_MemoryUsageData, MemoryUsageData__Output as _backend_MemoryUsageData__Output } from '../backend/MemoryUsageData.ts';

// Original file: proto/backend.proto

export const _backend_StatusResponse_State = {
  UNINITIALIZED: 'UNINITIALIZED',
  BUSY: 'BUSY',
  READY: 'READY',
  ERROR: 'ERROR',
} as const;

export type _backend_StatusResponse_State =
  | 'UNINITIALIZED'
  | 0
  | 'BUSY'
  | 1
  | 'READY'
  | 2
  | 'ERROR'
  | -1

export type _backend_StatusResponse_State__Output = typeof _backend_StatusResponse_State[keyof typeof _backend_StatusResponse_State]

export interface StatusResponse {
  'state'?: (_backend_StatusResponse_State);
  'memory'?: (_backend_MemoryUsageData | null);
}

export interface StatusResponse__Output {
  'state': (_backend_StatusResponse_State__Output);
  'memory': (_backend_MemoryUsageData__Output | null);
}
