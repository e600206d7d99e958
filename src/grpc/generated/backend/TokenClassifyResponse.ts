// Original file: proto/backend.proto

import type { TokenClassifyEntity as _backend_TokenClassifyEntity, TokenClassifyEntity__Output as _backend_TokenClassifyEntity__Output } from '../backend/TokenClassifyEntity.ts';

export interface TokenClassifyResponse {
  'entities'?: (_backend_TokenClassifyEntity)[];
}

export interface TokenClassifyResponse__Output {
  'entities': (_backend_TokenClassifyEntity__Output)[];
}
