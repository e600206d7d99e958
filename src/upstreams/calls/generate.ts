import type { AbortOptions } from '../../base/signals.ts'
import type { PredictOptions } from '../../grpc/generated/backend/PredictOptions.ts'
import type { Reply__Output } from '../../grpc/generated/backend/Reply.ts'
import type { GenerationTrailers } from '../../grpc/trailers.ts'
import type { Target } from '../choose-target.ts'
import { readEvents } from '../http/read-events.ts'
import type { UpstreamHttp } from '../http/upstream-http.ts'
import { readAnswer } from '../replies/read-answer.ts'
import { toChatBody } from '../requests/to-chat-body.ts'
import { toCompletionBody } from '../requests/to-completion-body.ts'
import { addresseeOf } from './addressee.ts'

type Body = Awaited<ReturnType<UpstreamHttp['open']>>

const REST_MS = 1_000

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
  const { upstream } = to
  // Whoever is destroyed while nobody reads would else take the process along.
  answer.on('error', () => {})
  let whole = false
  try {
    const events = readEvents(answer.iterator({ destroyOnReturn: false }), { upstream })
    const trailers = yield* readAnswer(events, { kind, upstream })
    whole = true
    return trailers
  } finally {
    if (whole) leave(answer)
    else answer.destroy()
  }
}

/** What comes after the last event is the end of the body, and the connection is good for the next request. */
function leave(answer: Body): void {
  const timer = setTimeout(() => answer.destroy(), REST_MS)
  timer.unref()
  answer.once('close', () => clearTimeout(timer)).resume()
}
