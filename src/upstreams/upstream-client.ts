import type { BackendClient } from '../backends/backend-client.ts'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { PredictOptions } from '../grpc/generated/backend/PredictOptions.ts'
import type { Reply__Output } from '../grpc/generated/backend/Reply.ts'
import type { GenerationTrailers } from '../grpc/trailers.ts'
import { embed } from './calls/embed.ts'
import { generate } from './calls/generate.ts'
import { rerank } from './calls/rerank.ts'
import { detokenize, tokenize } from './calls/tokens.ts'
import type { Target } from './choose-target.ts'
import { createTries } from './failover.ts'
import { withoutMedia } from './without-media.ts'

/** A model's name here, and where it is. */
export interface Place {
  readonly name: string
  readonly targets: readonly Target[]
}

/**
 * A model on attached servers, as inference speaks to any loaded model. Until the first piece of an answer is there, a server
 * that cannot be reached, fails or has no room is followed by the next one that has the model. Failures are
 * `upstream.unreachable` and `model.busy` where nothing was begun, `upstream.failed` in the middle of an answer,
 * `request.unsupported` for what the server cannot be asked, and what it says of the request itself.
 */
export function createUpstreamClient(place: Place, now: () => number): BackendClient {
  const { name } = place

  async function withTries<T>(options: AbortOptions, use: (target: Target) => Promise<T>): Promise<T> {
    const tries = createTries(name, place.targets, now())
    for (;;) {
      options.signal?.throwIfAborted()
      const target = tries.next()
      using running = target.upstream.begin()
      try {
        const answer = await use(target)
        running.ended()
        return answer
      } catch (error) {
        options.signal?.throwIfAborted()
        running.ended(error)
        tries.failed(error)
      }
    }
  }

  async function* predictStream(
    request: PredictOptions,
    options: AbortOptions = {},
  ): AsyncGenerator<Reply__Output, GenerationTrailers> {
    refuseResume(request)
    const tries = createTries(name, place.targets, now())
    for (;;) {
      options.signal?.throwIfAborted()
      const target = tries.next()
      using running = target.upstream.begin()
      let begun = false
      try {
        const replies = generate(target, request, options)
        let next = await replies.next()
        begun = true
        try {
          for (; next.done !== true; next = await replies.next()) yield next.value
        } finally {
          await replies.return({})
        }
        running.ended()
        return next.value
      } catch (error) {
        options.signal?.throwIfAborted()
        running.ended(error)
        if (begun) throw error
        tries.failed(error)
      }
    }
  }

  return {
    ...withoutMedia(name),
    predictStream,
    embedding: (request, options = {}) => withTries(options, (target) => embed(target, request, options)),
    rerank: (request, options = {}) => withTries(options, (target) => rerank(target, request, options)),
    tokenize: (request, options = {}) => withTries(options, (target) => tokenize(target, request, options)),
    detokenize: (tokens, options = {}) => withTries(options, (target) => detokenize(target, tokens, options)),
    status: async () => ({ state: 'READY', memory: null }),
    metrics: async () => {
      throw new AppError(
        'backend.unsupported',
        `what upstream models take is not known: "${name}" runs on another server`,
      )
    },
  }
}

/** A server tells texts, no tokens: what was sampled elsewhere cannot be gone on with there. */
function refuseResume({ Resume = [] }: PredictOptions): void {
  if (Resume.length > 0) throw new AppError('request.unsupported', 'an attached server cannot go on with an answer')
}
