import type { Reply__Output } from '../../grpc/generated/backend/Reply.ts'

const NOTHING = Buffer.alloc(0)

const EMPTY: Reply__Output = {
  message: NOTHING,
  tokens: 0,
  prompt_tokens: 0,
  timing_prompt_processing: 0,
  timing_token_generation: 0,
  audio: NOTHING,
  logprobs: NOTHING,
  chat_deltas: [],
  generated: [],
}

/** A reply of a backend with these fields, and all others as the wire leaves them out. */
export function toReply(fields: Partial<Reply__Output>): Reply__Output {
  return { ...EMPTY, ...fields }
}
