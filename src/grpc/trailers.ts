import { Metadata } from '@grpc/grpc-js'

/**
 * What proto/backend.proto has no field for travels in the call's trailing metadata, so that the messages stay
 * byte-compatible with LocalAI's. A backend that sends no trailers (any LocalAI backend) is fine: the node then
 * derives what it can from the counters.
 */
export interface GenerationTrailers {
  /** Why generation ended. `tool-calls`: the model's turn ended in at least one complete tool call. */
  readonly finishReason?: 'stop' | 'length' | 'tool-calls'
  /** The stop string that ended generation, when one did. */
  readonly stopSequence?: string
  /** Prompt tokens that were already in the cache and cost nothing. */
  readonly cachedTokens?: number
}

/** Facts that go with a failed call, beside the gRPC status and its text. */
export interface FailureTrailers {
  /** One of base/errors.ts' codes, e.g. `request.context-exceeded`, when the backend knows better than the status. */
  readonly errorCode?: string
}

const FINISH = 'localai-finish-reason'
const STOP = 'localai-stop-sequence-bin'
const CACHED = 'localai-cached-tokens'
const CODE = 'localai-error-code'

export function writeTrailers(trailers: GenerationTrailers & FailureTrailers): Metadata {
  const metadata = new Metadata()
  if (trailers.finishReason !== undefined) metadata.set(FINISH, trailers.finishReason)
  if (trailers.stopSequence !== undefined) metadata.set(STOP, Buffer.from(trailers.stopSequence))
  if (trailers.cachedTokens !== undefined) metadata.set(CACHED, String(trailers.cachedTokens))
  if (trailers.errorCode !== undefined) metadata.set(CODE, trailers.errorCode)
  return metadata
}

export function readTrailers(metadata: Metadata): GenerationTrailers & FailureTrailers {
  const reason = metadata.get(FINISH)[0]
  const stop = metadata.get(STOP)[0]
  const cached = metadata.get(CACHED)[0]
  const code = metadata.get(CODE)[0]
  return {
    ...(reason === 'stop' || reason === 'length' || reason === 'tool-calls' ? { finishReason: reason } : {}),
    ...(Buffer.isBuffer(stop) ? { stopSequence: stop.toString('utf8') } : {}),
    ...(typeof cached === 'string' ? { cachedTokens: Number(cached) } : {}),
    ...(typeof code === 'string' ? { errorCode: code } : {}),
  }
}
