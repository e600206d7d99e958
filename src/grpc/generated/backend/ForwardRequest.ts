// Original file: proto/backend.proto

import type { ForwardHeader as _backend_ForwardHeader, ForwardHeader__Output as _backend_ForwardHeader__Output } from '../backend/ForwardHeader.ts';

export interface ForwardRequest {
  'path'?: (string);
  'method'?: (string);
  'headers'?: (_backend_ForwardHeader)[];
  'body_chunk'?: (Buffer | Uint8Array | string);
}

export interface ForwardRequest__Output {
  'path': (string);
  'method': (string);
  'headers': (_backend_ForwardHeader__Output)[];
  'body_chunk': (Buffer);
}
