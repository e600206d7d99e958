// Original file: proto/backend.proto

import type { ChatDelta as _backend_ChatDelta, ChatDelta__Output as _backend_ChatDelta__Output } from '../backend/ChatDelta.ts';
import type { GeneratedToken as _backend_GeneratedToken, GeneratedToken__Output as _backend_GeneratedToken__Output } from '../backend/GeneratedToken.ts';

export interface Reply {
  'message'?: (Buffer | Uint8Array | string);
  'tokens'?: (number);
  'prompt_tokens'?: (number);
  'timing_prompt_processing'?: (number | string);
  'timing_token_generation'?: (number | string);
  'audio'?: (Buffer | Uint8Array | string);
  'logprobs'?: (Buffer | Uint8Array | string);
  'chat_deltas'?: (_backend_ChatDelta)[];
  'generated'?: (_backend_GeneratedToken)[];
}

export interface Reply__Output {
  'message': (Buffer);
  'tokens': (number);
  'prompt_tokens': (number);
  'timing_prompt_processing': (number);
  'timing_token_generation': (number);
  'audio': (Buffer);
  'logprobs': (Buffer);
  'chat_deltas': (_backend_ChatDelta__Output)[];
  'generated': (_backend_GeneratedToken__Output)[];
}
