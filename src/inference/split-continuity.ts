import { ANSWER_MARKS } from '../base/answer-marks.ts'
import { AppError } from '../base/errors.ts'
import type { GeneratedToken } from '../grpc/generated/backend/GeneratedToken.ts'
import type { Continuity } from './continuity.ts'

/** In which order the events of several generations are given. */
export interface EventOrder {
  /** Whose they were that were given before, elsewhere, one after the other. */
  readonly given: readonly number[]
  /** Takes whose event comes next, after those of `given` and before it is given out. */
  note(generation: number): void
}

/** How an answer of several generations is carried on: each by its own tokens, and their events in the order that was. */
export interface SplitContinuity {
  part(generation: number): Continuity
  readonly order: EventOrder
}

const { tokensOf: TOKENS_OF, eventOf: EVENT_OF } = ANSWER_MARKS
const NUMBER_BYTES = 4

/** For an answer of `count` generations. Throws `request.invalid` when what was told is not of such an answer. */
export function splitContinuity({ resume, note }: Continuity, count: number): SplitContinuity {
  const { tokens, given } = readTold(resume, count)
  let told: number | undefined
  return {
    part: (generation) => ({
      resume: tokens[generation] ?? [],
      note(fresh) {
        note(told === generation ? fresh : [toMark(TOKENS_OF, generation), ...fresh])
        told = generation
      },
    }),
    order: { given, note: (generation) => note([toMark(EVENT_OF, generation)]) },
  }
}

function readTold(resume: readonly GeneratedToken[], count: number) {
  const tokens = Array.from({ length: count }, (): GeneratedToken[] => [])
  const given: number[] = []
  let current: GeneratedToken[] | undefined
  for (const told of resume) {
    const { id = 0 } = told
    if (id === TOKENS_OF) current = tokens[numberOf(told, count)]
    else if (id === EVENT_OF) given.push(numberOf(told, count))
    else if (current === undefined) throw unreadable()
    else current.push(told)
  }
  return { tokens, given }
}

function toMark(id: number, generation: number): GeneratedToken {
  const logprobs = Buffer.alloc(NUMBER_BYTES)
  logprobs.writeUInt32BE(generation)
  return { id, logprobs }
}

function numberOf({ logprobs = '' }: GeneratedToken, count: number): number {
  const bytes = typeof logprobs === 'string' ? Buffer.from(logprobs, 'base64') : Buffer.from(logprobs)
  const number = bytes.length === NUMBER_BYTES ? bytes.readUInt32BE() : count
  if (number >= count) throw unreadable()
  return number
}

function unreadable(): AppError {
  return new AppError('request.invalid', 'the tokens of the answer so far are not of such an answer')
}
