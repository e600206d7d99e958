import { randomUUID } from 'node:crypto'
import { AppError } from '../../src/base/errors.ts'
import type { ChatDelta__Output } from '../../src/grpc/generated/backend/ChatDelta.ts'
import type { GeneratedToken__Output } from '../../src/grpc/generated/backend/GeneratedToken.ts'
import type { PredictOptions } from '../../src/grpc/generated/backend/PredictOptions.ts'
import type { Reply__Output } from '../../src/grpc/generated/backend/Reply.ts'
import { reply, type Script } from './scripted-backend.ts'

/** An answer as a sequence of tokens: what the reply to each of them says, made of its id. */
export interface AnswerKind {
  readonly tokens: number
  readonly say: (index: number, id: number) => Partial<Reply__Output>
  readonly logprobs?: boolean
}

function delta(parts: Partial<ChatDelta__Output>): Partial<Reply__Output> {
  return { chat_deltas: [{ content: '', reasoning_content: '', tool_calls: [], ...parts }] }
}

const raw = (text: string | Uint8Array): Partial<Reply__Output> => ({ message: Buffer.from(text) })

const CHECK = Buffer.from('✓')

/** As our own backend does it, each call's id is new in every process. */
function toolCall(index: number, id: number): Partial<Reply__Output> {
  const call = Math.floor(index / 3)
  const parts = [{ id: `call_${randomUUID()}`, name: 'get' }, { arguments: `{"x":` }, { arguments: `${id}}` }]
  return delta({ tool_calls: [{ index: call, id: '', name: '', arguments: '', ...parts[index % 3] }] })
}

export const KINDS: Readonly<Record<string, AnswerKind>> = {
  // A character of three bytes that three tokens share.
  plain: {
    tokens: 8,
    say: (index, id) => raw(index >= 3 && index < 6 ? CHECK.subarray(index - 3, index - 2) : ` w${id}`),
  },
  'with thoughts': {
    tokens: 6,
    say: (index, id) => delta(index < 3 ? { reasoning_content: `r${id} ` } : { content: `c${id} ` }),
  },
  'with thoughts in its text': {
    tokens: 6,
    say: (index, id) => raw(['<thi', 'nk>', ` r${id}`, '</think', '>', ` c${id}`][index] ?? ''),
  },
  'with calls': { tokens: 6, say: toolCall },
  'in JSON': { tokens: 3, say: (index, id) => delta({ content: ['{"x":', String(id), '}'][index] ?? '' }) },
  // Silent: a parser waits for what comes next.
  'that waits': { tokens: 6, say: (index, id) => (index % 3 === 2 ? delta({ content: `c${id} ` }) : {}) },
  'with log probabilities': { tokens: 5, logprobs: true, say: (_index, id) => raw(` w${id}`) },
}

/** Log probabilities of another process are never quite the same. */
function sample(kind: AnswerKind, { Seed = 0 }: PredictOptions, index: number): GeneratedToken__Output {
  const id = (Seed + index * 7919) % 100_000
  const entry = { token: ` w${id}`, logprob: -Math.random(), bytes: [...Buffer.from(` w${id}`)], top_logprobs: [] }
  return { id, logprobs: Buffer.from(kind.logprobs === true ? JSON.stringify(entry) : '') }
}

export interface Faults {
  /** For each call in turn: after so many tokens the process is gone. */
  readonly diesAfter?: readonly number[]
}

/** A backend that tells its tokens and can go on with those of another one. Its samples depend on the seed. */
export function replaying(kind: AnswerKind, { diesAfter = [] }: Faults = {}): Script {
  let calls = 0
  return async function* script(request) {
    const dies = diesAfter[calls++]
    const resume = request.Resume ?? []
    for (let index = 0; index < kind.tokens; index += 1) {
      if (index === dies) throw new AppError('backend.died', 'gone')
      const told = resume[index]
      const token = told === undefined ? sample(kind, request, index) : { id: told.id ?? 0, logprobs: bytesOf(told) }
      yield reply({
        ...kind.say(index, token.id),
        ...(kind.logprobs === true ? { logprobs: Buffer.from(`{"content":[${token.logprobs}]}`) } : {}),
        generated: request.ReportGenerated === true ? [token] : [],
        tokens: index + 1,
        timing_token_generation: Math.random(),
      })
    }
    yield reply({ tokens: kind.tokens, prompt_tokens: 7, timing_prompt_processing: Math.random() })
    return { cachedTokens: 2 }
  }
}

function bytesOf({ logprobs = '' }: { readonly logprobs?: Buffer | Uint8Array | string }): Buffer {
  return Buffer.from(logprobs as Uint8Array)
}
