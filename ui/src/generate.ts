import { ApiError, apiResponse } from './api.ts'
import type { AnswerPiece, ToolCallPiece } from './chat/answer-piece.ts'
import { readEvents } from './read-events.ts'

export interface RunningAnswer {
  /** The node that answers, when it says so. */
  readonly node: string | undefined
  /** Of the request. */
  readonly id: string | undefined
  readonly pieces: AsyncIterable<AnswerPiece>
}

/** Sends a chat or completion request and gives its answer as it comes. Throws `ApiError`, also midway. */
export async function generate(path: string, body: object, signal: AbortSignal): Promise<RunningAnswer> {
  const whole = { ...body, stream: true, stream_options: { include_usage: true } }
  const response = await apiResponse(path, { body: whole, signal })
  const id = response.headers.get('x-correlation-id') ?? undefined
  return { node: nodeOf(response.headers), id, pieces: piecesOf(response) }
}

/** Names that do not fit into a header come with escapes. */
export function nodeOf(headers: Headers): string | undefined {
  const value = headers.get('x-localai-node')
  if (value === null) return undefined
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

interface Chunk {
  readonly error?: { readonly message?: string; readonly code?: number }
  readonly usage?: { readonly completion_tokens?: number } | null
  readonly choices?: readonly {
    readonly text?: string
    readonly finish_reason?: string | null
    readonly delta?: {
      readonly content?: string
      readonly reasoning_content?: string
      readonly tool_calls?: readonly {
        readonly index?: number
        readonly function?: { readonly name?: string; readonly arguments?: string }
      }[]
    }
  }[]
}

async function* piecesOf(response: Response): AsyncGenerator<AnswerPiece, void> {
  for await (const data of eventsOf(response)) {
    if (data === '[DONE]') return
    const chunk = JSON.parse(data) as Chunk
    if (chunk.error !== undefined) {
      const { message = 'The answer broke off.', code = 500 } = chunk.error
      throw new ApiError(message, { status: code })
    }
    yield toPiece(chunk)
  }
  // A whole answer says that it is: behind some proxies one that was cut off ends like any other.
  throw new ApiError(LOST, { status: 0 })
}

const LOST = 'The connection to this node was lost in the middle of the answer.'

/** What browsers say when a body breaks off is in no words for people. Whoever stopped it knows that. */
async function* eventsOf(response: Response): AsyncGenerator<string, void> {
  try {
    yield* readEvents(response)
  } catch (error) {
    throw error instanceof TypeError ? new ApiError(LOST, { status: 0 }) : error
  }
}

function toPiece({ choices = [], usage }: Chunk): AnswerPiece {
  const [choice] = choices
  const { delta } = choice ?? {}
  const text = delta?.content ?? choice?.text
  const reasoning = delta?.reasoning_content
  const finishReason = choice?.finish_reason ?? undefined
  const completionTokens = usage?.completion_tokens
  return {
    ...(text === undefined ? {} : { text }),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(delta?.tool_calls === undefined ? {} : { toolCalls: delta.tool_calls.map(toToolCall) }),
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(completionTokens === undefined ? {} : { completionTokens }),
  }
}

type SentToolCall = NonNullable<NonNullable<NonNullable<Chunk['choices']>[number]['delta']>['tool_calls']>[number]

function toToolCall(call: SentToolCall): ToolCallPiece {
  return { index: call.index ?? 0, name: call.function?.name ?? '', arguments: call.function?.arguments ?? '' }
}
