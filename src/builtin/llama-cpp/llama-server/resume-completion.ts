import { AppError } from '../../../base/errors.ts'
import type { AbortOptions } from '../../../base/signals.ts'
import type { EngineModelInfo, EngineToken, GeneratedPiece, GenerateRequest } from '../engine.ts'
import { restOfGrammar } from '../text/rest-of-grammar.ts'
import type { CompletionAnswer, Outcome, TokenGroup } from './completion-answer.ts'
import { type CompletionPrompt, toPrompt } from './completion-request.ts'
import { member } from './server-api.ts'
import { endsInsideCharacter, readTokenPieces, type ServerCall } from './token-pieces.ts'

export interface ResumedCompletion {
  /** What the tokens say, to be given out first. */
  readonly pieces: readonly GeneratedPiece[]
  /** They end the answer: nothing is to be generated. */
  readonly outcome?: Outcome
  readonly promptTokens: number
  /** What llama-server is to be asked for what follows. */
  readonly request: CompletionPrompt
}

export interface ResumeDeps {
  readonly call: ServerCall
  readonly info: EngineModelInfo
}

/** Replays the tokens of `request.resume` and makes the request that goes on behind them. */
export async function resumeCompletion(
  { call, info }: ResumeDeps,
  {
    request,
    resume,
    answer,
  }: {
    readonly request: GenerateRequest
    readonly resume: readonly EngineToken[]
    readonly answer: CompletionAnswer
  },
  options: AbortOptions,
): Promise<ResumedCompletion> {
  const ids = resume.map((token) => token.id)
  const [prompt, bytes] = await Promise.all([
    readPrompt(call, toPrompt(request.prompt, info), options),
    readTokenPieces(call, ids, options),
  ])
  const room = info.contextSize - prompt.length
  const limit = request.maxTokens > 0 ? Math.min(request.maxTokens, room) : room
  const { groups, isInside } = toGroups(resume.slice(0, limit), bytes)
  const pieces: GeneratedPiece[] = []
  const known = { pieces, promptTokens: prompt.length }
  for (const group of groups) {
    const { piece, outcome } = answer.replay(group)
    if (piece !== undefined) pieces.push(piece)
    if (outcome !== undefined) return { ...known, request, outcome: withTail(outcome, { answer, pieces }) }
  }
  if (resume.length >= limit) return { ...known, request, outcome: withTail({ reason: 'length' }, { answer, pieces }) }
  if (isInside) {
    throw new AppError('request.unsupported', 'the answer cannot be continued: its tokens end inside a character')
  }
  const text = Buffer.concat(bytes).toString()
  return {
    ...known,
    request: {
      ...request,
      prompt: [...prompt, ...ids],
      maxTokens: request.maxTokens > 0 ? request.maxTokens - ids.length : 0,
      ...(request.grammar === undefined ? {} : { grammar: restOfGrammar(request.grammar, text) }),
    },
  }
}

async function readPrompt(call: ServerCall, text: string, options: AbortOptions): Promise<readonly number[]> {
  const answer = await call('/tokenize', { content: text, add_special: true, parse_special: true }, options)
  return member(answer, 'tokens', 'object') as readonly number[]
}

/** As a running llama-server would have told them. */
function toGroups(tokens: readonly EngineToken[], bytes: readonly Buffer[]) {
  const groups: TokenGroup[] = []
  let pending: EngineToken[] = []
  let text = Buffer.alloc(0)
  for (const [index, token] of tokens.entries()) {
    pending.push(token)
    text = Buffer.concat([text, bytes[index] ?? Buffer.alloc(0)])
    if (endsInsideCharacter(text)) continue
    groups.push({ tokens: pending, text: text.toString() })
    pending = []
    text = Buffer.alloc(0)
  }
  return { groups, isInside: pending.length > 0 }
}

function withTail(
  outcome: Outcome,
  { answer, pieces }: { answer: CompletionAnswer; pieces: GeneratedPiece[] },
): Outcome {
  const tail = outcome.stopSequence === undefined ? answer.finish() : undefined
  if (tail !== undefined) pieces.push(tail)
  return outcome
}
