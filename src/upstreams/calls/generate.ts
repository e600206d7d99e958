import type { AbortOptions } from '../../base/signals.ts'
import type { PredictOptions } from '../../grpc/generated/backend/PredictOptions.ts'
import type { Reply__Output } from '../../grpc/generated/backend/Reply.ts'
import type { GenerationTrailers } from '../../grpc/trailers.ts'
import type { Target } from '../choose-target.ts'
import { readEvents } from '../http/read-events.ts'
import { readAnswer } from '../replies/read-answer.ts'
import { toChatBody } from '../requests/to-chat-body.ts'
import { toCompletionBody } from '../requests/to-completion-body.ts'
import { addresseeOf } from './addressee.ts'

/** One answer of one server, pulled. Who leaves it ends the request, and the server stops. */
export async function* generate(
  target: Target,
  request: PredictOptions,
  options: AbortOptions,
): AsyncGenerator<Reply__Output, GenerationTrailers> {
  const to = addresseeOf(target)
  const kind = request.UseTokenizerTemplate === true ? 'chat' : 'completion'
  const path = kind === 'chat' ? '/chat/completions' : '/completions'
  const body = kind === 'chat' ? toChatBody(request, to) : toCompletionBody(request, to)
  const answer = await target.upstream.http.open({ method: 'POST', path: { api: path }, body }, options)
  try {
    return yield* readAnswer(readEvents(answer, { upstream: to.upstream }), { kind, upstream: to.upstream })
  } finally {
    answer.destroy()
  }
}
