import { toReply } from '../../src/builtin/llama-cpp/answer-part.ts'
import type { ChatFormat } from '../../src/builtin/llama-cpp/chat-format/chat-format.ts'
import { CHATML_TEMPLATE, createChatFormat } from '../../src/builtin/llama-cpp/chat-format/chat-format.ts'
import type { Engine } from '../../src/builtin/llama-cpp/engine.ts'
import { predict } from '../../src/builtin/llama-cpp/predict.ts'
import type { PredictOptions, PredictOptions__Output } from '../../src/grpc/generated/backend/PredictOptions.ts'
import type { Reply, Reply__Output } from '../../src/grpc/generated/backend/Reply.ts'
import { loadBackendService } from '../../src/grpc/load-proto.ts'
import type { GenerationTrailers } from '../../src/grpc/trailers.ts'

const { PredictStream } = loadBackendService().service

/** Over the wire and back: with every default, and with nothing that the wire does not carry. */
const overWire = (request: PredictOptions): PredictOptions__Output =>
  PredictStream?.requestDeserialize(PredictStream.requestSerialize(request)) as PredictOptions__Output
const backOverWire = (reply: Reply): Reply__Output =>
  PredictStream?.responseDeserialize(PredictStream.responseSerialize(reply)) as Reply__Output

/** What a caller of the backend sees of an answer, without what no two runs have in common. */
export interface SeenAnswer {
  readonly replies: readonly Reply__Output[]
  readonly trailers: GenerationTrailers
}

/** A template whose prompt ends with open thoughts; tools are described in a system prompt. */
export const THINKING_TEMPLATE = CHATML_TEMPLATE.replace(
  "assistant\\n' }}{% endif",
  "assistant\\n<think>\\n' }}{% endif",
)

export async function seenAnswer(
  engine: Engine,
  request: PredictOptions,
  template: string = engine.info.chatTemplate ?? CHATML_TEMPLATE,
): Promise<SeenAnswer> {
  const { bosToken, eosToken } = engine.info
  const chatFormat = async (): Promise<ChatFormat> => createChatFormat({ template, bosToken, eosToken })
  const parts = predict({ engine, chatFormat }, overWire(request), { signal: AbortSignal.timeout(60_000) })
  const replies: Reply__Output[] = []
  for (let next = await parts.next(); ; next = await parts.next()) {
    if (next.done === true) return { replies, trailers: { ...next.value, cachedTokens: 0 } }
    const reply = backOverWire(toReply(next.value))
    replies.push({ ...reply, timing_prompt_processing: 0, timing_token_generation: 0 })
  }
}
