import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import { isObject, type JsonObject } from '../../base/json.ts'
import { type AbortOptions, anySignal } from '../../base/signals.ts'
import type { Chat } from '../chat.ts'
import { type Answer, createAnswerCollector } from '../collect-answer.ts'
import { type GenerationOptions, partOf } from '../continuity.ts'
import type { InferenceEvent, RoundEvent, ToolResult } from '../events.ts'
import type { ChatMessage, ChatRequest, ToolCall } from '../request.ts'
import { continueRounds, type RoundsContinuity, type ToldResult } from '../rounds-continuity.ts'
import { offerTools, type ServerTools, type ToolOffer } from './offer-tools.ts'

export interface ToolRounds {
  readonly tools: ServerTools
  /** How often the model may call tools before it has to answer. */
  readonly maxRounds: number
  /** All calls together. Default: no limit. */
  readonly maxCalls?: number | undefined
  /**
   * Whether what the tools gave is kept with the conversation. If not, calls beside one of the client's are not run: their
   * results would be lost, and the model calls again.
   */
  readonly keepsResults: boolean
  /** Whether one round may have several calls. Default: yes. */
  readonly parallel?: boolean
}

/** Most calls in one round; what a model calls beyond them is left out. */
const MAX_CALLS_PER_ROUND = 16
export const DEFAULT_MAX_ROUNDS = 10

/**
 * Answers with the node's own tools beside those of the request: calls to the former are run and the model is asked again,
 * until it answers or calls one of the latter. In the last round it has to do without. A request that forbids tools gets
 * none; one that demands a call gets it in the first round.
 * Tells of calls that the node runs, too; `isOwn` knows them by their names.
 */
export function createToolRounds(request: ChatRequest, rounds: ToolRounds) {
  const own = request.tools ?? []
  const offer = offerTools(
    rounds.tools.tools,
    own.map(({ name }) => name),
  )
  return {
    isOwn: (name: string) => offer.find(name) !== undefined,
    answer: (chat: Chat, options: GenerationOptions) => run({ request, rounds, offer, chat }, options),
  }
}

interface Work {
  readonly request: ChatRequest
  readonly rounds: ToolRounds
  readonly offer: ToolOffer
  readonly chat: Chat
}

async function* run(
  { request, rounds, offer, chat }: Work,
  options: GenerationOptions,
): AsyncGenerator<RoundEvent, void> {
  const { continuity, ...own } = options
  const told = continuity && continueRounds(continuity)
  let asked = request
  let callsLeft = rounds.maxCalls ?? Infinity
  for (let round = 0; ; round += 1) {
    const offered = round < rounds.maxRounds && callsLeft > 0 && request.toolChoice !== 'none'
    const collector = createAnswerCollector()
    const generation = chat(offered ? withTools(asked, offer) : asked, {
      ...partOf(own, `round ${round}`),
      continuity: told?.generation(round),
    })
    for await (const event of limitCalls(generation, { rounds, offer, callsLeft })) {
      collector.add(event)
      yield event
    }
    const answer = collector.answer()
    const calls = offered ? toRun(answer, { rounds, offer }) : []
    if (calls.length === 0) return
    callsLeft -= calls.length
    const results =
      toResults(calls, told?.given(round, calls.length)) ??
      (await runAll({ offer, tools: rounds.tools, told }, calls, own))
    yield* results
    const next = nextRequest(asked, answer, results)
    if (next === undefined) return
    asked = next
  }
}

function withTools(request: ChatRequest, { definitions }: ToolOffer): ChatRequest {
  return { ...request, tools: [...(request.tools ?? []), ...definitions] }
}

/** The calls of a round that this node runs; none when the answer was cut short, as they may be cut, too. */
function toRun({ finish, toolCalls }: Answer, { rounds, offer }: Pick<Work, 'rounds' | 'offer'>): readonly ToolCall[] {
  if (finish.reason === 'length') return []
  const own = toolCalls.filter(({ name }) => offer.find(name) !== undefined)
  return own.length === toolCalls.length || rounds.keepsResults ? own : []
}

/** What the model is asked after its tools were run; undefined when it may not say more. */
function nextRequest(request: ChatRequest, answer: Answer, results: readonly ToolResult[]): ChatRequest | undefined {
  const { sampling, messages, toolChoice } = request
  // The client answers the other calls.
  if (results.length < answer.toolCalls.length) return undefined
  const { maxTokens } = sampling
  const left = maxTokens === undefined ? undefined : maxTokens - answer.finish.usage.completionTokens
  if (left !== undefined && left <= 0) return undefined
  return {
    ...request,
    messages: [...messages, toTurn(answer), ...results.map(toMessage)],
    sampling: left === undefined ? sampling : { ...sampling, maxTokens: left },
    // A demand for a call was met.
    ...(toolChoice === undefined ? {} : { toolChoice: 'auto' as const }),
  }
}

/** Without the calls beyond those that one round may have, and those of this node beyond what is left of them. */
async function* limitCalls(
  events: AsyncIterable<InferenceEvent>,
  { rounds, offer, callsLeft }: Pick<Work, 'rounds' | 'offer'> & { readonly callsLeft: number },
): AsyncGenerator<InferenceEvent, void> {
  const most = (rounds.parallel ?? true) ? MAX_CALLS_PER_ROUND : 1
  const seen = new Set<number>()
  let ours = 0
  for await (const event of events) {
    if (event.type === 'tool-call-start' && seen.size < most) {
      const own = offer.find(event.name) !== undefined
      if (!own || ours < callsLeft) seen.add(event.index)
      if (own) ours += 1
    }
    const isCall = event.type === 'tool-call-start' || event.type === 'tool-call-delta'
    if (!isCall || seen.has(event.index)) yield event
  }
}

/** What they gave elsewhere. */
function toResults(
  calls: readonly ToolCall[],
  given: readonly ToldResult[] | undefined,
): readonly ToolResult[] | undefined {
  return given?.flatMap((result, index) => {
    const call = calls[index]
    return call === undefined ? [] : [{ type: 'tool-result' as const, callId: call.id, name: call.name, ...result }]
  })
}

/** All at the same time; the first that finds no answer ends the others. */
async function runAll(
  {
    offer,
    tools,
    told,
  }: Pick<Work, 'offer'> & Pick<ToolRounds, 'tools'> & { readonly told?: RoundsContinuity | undefined },
  calls: readonly ToolCall[],
  { signal }: AbortOptions,
): Promise<readonly ToolResult[]> {
  // Whether these were begun elsewhere is of no account: they may run again, and nobody has to be told before.
  const repeatable = calls.every(({ name }) => offer.find(name)?.repeatable === true)
  if (told !== undefined && !repeatable) {
    told.callsBegin(calls.length)
    // A process that was frozen, and whose place another has taken, hears of that now, before it does anything.
    await nextTurn()
    signal?.throwIfAborted()
  }
  const giveUp = new AbortController()
  const options = { signal: anySignal(giveUp.signal, signal) }
  async function result({ id, name, arguments: written }: ToolCall): Promise<ToolResult> {
    const tool = offer.find(name)
    const args = toArguments(written)
    const known = { type: 'tool-result' as const, callId: id, name }
    if (tool === undefined || args === undefined) {
      return { ...known, text: 'the arguments of the call are no JSON object', failed: true }
    }
    const { text, failed } = await tools.call(tool, args, options)
    // As it comes back from where it is told: half a pair of surrogates would not.
    return { ...known, text: text.toWellFormed(), failed }
  }
  try {
    const results = await Promise.all(calls.map(result))
    if (repeatable) told?.callsBegin(calls.length)
    told?.gave(results)
    return results
  } finally {
    giveUp.abort(new AppError('request.cancelled', 'another tool of the same round gave no answer'))
  }
}

/** A model that has nothing to say to a tool may write nothing. */
function toArguments(written: string): JsonObject | undefined {
  if (written.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(written)
    return isObject(value) ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}

function toTurn({ text, reasoning, toolCalls }: Answer): ChatMessage {
  return { role: 'assistant', content: text, ...(reasoning === '' ? {} : { reasoning }), toolCalls }
}

function toMessage({ callId, name, text }: ToolResult): ChatMessage {
  return { role: 'tool', content: text, name, toolCallId: callId }
}
