import { ANSWER_MARKS } from '../base/answer-marks.ts'
import { AppError } from '../base/errors.ts'
import type { GeneratedToken } from '../grpc/generated/backend/GeneratedToken.ts'
import type { Continuity } from './continuity.ts'

/** What a tool gave. */
export interface ToldResult {
  readonly text: string
  readonly failed: boolean
}

/**
 * How an answer with tools is carried on: round by round, each by its own tokens, and no tool runs again. Rounds are asked for
 * in their order.
 */
export interface RoundsContinuity {
  generation(round: number): Continuity
  /** What the calls of this round, so many, gave elsewhere; undefined: they were not begun. */
  given(round: number, count: number): readonly ToldResult[] | undefined
  /** To be told before the first of them runs, unless they may run twice; at the latest before what they gave. */
  callsBegin(count: number): void
  /** To be told before anything is made of them. */
  gave(results: readonly ToldResult[]): void
}

interface Round {
  readonly tokens: GeneratedToken[]
  calls?: number
  readonly results: ToldResult[]
}

const NUMBER_BYTES = 4

/**
 * Throws `request.invalid` when what was told is not of such an answer, and `mcp.failed` when a tool was running when that
 * ended (whether it did its work, nobody knows) or other tools were run.
 */
export function continueRounds({ resume, note }: Continuity): RoundsContinuity {
  const rounds = readRounds(resume)
  let marked = rounds.length > 0
  function tell(tokens: readonly GeneratedToken[]): void {
    // Not before there is something: until then the answer may still become an error like any other.
    if (!marked) note([{ id: ANSWER_MARKS.runsTools }])
    marked = true
    note(tokens)
  }
  return {
    generation: (round) => ({ resume: rounds[round]?.tokens ?? [], note: tell }),
    given(round, count) {
      const { calls, results } = rounds[round] ?? { calls: undefined, results: [] }
      if (calls === undefined) return undefined
      if (calls !== count) throw new AppError('mcp.failed', 'the tools of this node are not those that were run before')
      if (results.length === calls) return results
      throw new AppError('mcp.failed', 'the node was lost while it ran tools, which are not run twice')
    },
    callsBegin(count) {
      const logprobs = Buffer.alloc(NUMBER_BYTES)
      logprobs.writeUInt32BE(count)
      tell([{ id: ANSWER_MARKS.callsBegin, logprobs }])
    },
    gave(results) {
      // One at a time: each is small enough for a frame.
      for (const result of results) tell([toRecord(result)])
    },
  }
}

function readRounds(resume: readonly GeneratedToken[]): readonly Round[] {
  const rounds: Round[] = []
  for (const told of resume) {
    const { id = 0 } = told
    const round = rounds.at(-1)
    if (id === ANSWER_MARKS.runsTools && round === undefined) rounds.push({ tokens: [], results: [] })
    else if (round === undefined) throw unreadable()
    else if (id === ANSWER_MARKS.callsBegin && round.calls === undefined) round.calls = readCount(told)
    else if (id === ANSWER_MARKS.toolResult && round.calls !== undefined) round.results.push(readResult(told))
    else if (id < 0) throw unreadable()
    else if (round.calls === undefined) round.tokens.push(told)
    else rounds.push({ tokens: [told], results: [] })
  }
  return rounds
}

function toRecord({ text, failed }: ToldResult): GeneratedToken {
  return { id: ANSWER_MARKS.toolResult, logprobs: Buffer.concat([Buffer.of(failed ? 1 : 0), Buffer.from(text)]) }
}

function readResult(told: GeneratedToken): ToldResult {
  const bytes = bytesOf(told)
  if (bytes.length === 0) throw unreadable()
  return { failed: bytes[0] === 1, text: bytes.toString('utf8', 1) }
}

function readCount(told: GeneratedToken): number {
  const bytes = bytesOf(told)
  if (bytes.length !== NUMBER_BYTES) throw unreadable()
  return bytes.readUInt32BE()
}

function bytesOf({ logprobs = '' }: GeneratedToken): Buffer {
  return typeof logprobs === 'string' ? Buffer.from(logprobs, 'base64') : Buffer.from(logprobs)
}

function unreadable(): AppError {
  return new AppError('request.invalid', 'what was told of the answer so far is not of one with tools')
}
