import { AppError } from '../base/errors.ts'
import type { GeneratedToken, GeneratedToken__Output } from '../grpc/generated/backend/GeneratedToken.ts'
import type { Continuity } from './continuity.ts'

/** Bounds of what is kept of one answer, so that it can go on in another process; a longer one cannot. */
const MOST_TOKENS = 65_536
const MOST_LOGPROB_BYTES = 16 * 1024 * 1024

/** The tokens of one answer, however many processes it takes. */
export interface TokenJournal {
  /** To be called before each attempt. What was sampled up to now; undefined: too much to go on from. */
  begin(): readonly GeneratedToken[] | undefined
  /** What a reply tells. Throws `backend.failed` when an attempt does not repeat what was sampled before. */
  add(tokens: readonly GeneratedToken__Output[]): void
  /** Whether anything is known to go on from. */
  resumable(): boolean
}

/** Tokens that come after those of `continuity` are told to it, each once. */
export function createTokenJournal({ resume = [], note }: Partial<Continuity> = {}): TokenJournal {
  let kept: GeneratedToken[] | undefined = [...resume]
  let known = resume.length
  let logprobBytes = 0
  /** In the attempt that runs. */
  let position = 0

  function keep(token: GeneratedToken__Output): void {
    logprobBytes += token.logprobs.length
    if (kept === undefined || kept.length >= MOST_TOKENS || logprobBytes > MOST_LOGPROB_BYTES) kept = undefined
    else kept.push(token.logprobs.length === 0 ? { id: token.id } : token)
  }

  return {
    begin() {
      position = 0
      return kept
    },
    add(tokens) {
      const repeated = Math.min(Math.max(known - position, 0), tokens.length)
      for (let index = 0; index < repeated; index += 1) {
        if (kept !== undefined && kept[position + index]?.id !== tokens[index]?.id) throw differs()
      }
      position += tokens.length
      if (position <= known) return
      const fresh = repeated === 0 ? tokens : tokens.slice(repeated)
      known = position
      for (const token of fresh) keep(token)
      note?.(fresh)
    },
    resumable: () => kept !== undefined && kept.length > 0,
  }
}

function differs(): AppError {
  return new AppError('backend.failed', 'the backend was to go on with an answer and did not repeat its tokens')
}
