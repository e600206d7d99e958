import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, createAnswerCollector } from '../../inference/collect-answer.ts'
import { type GenerationOptions, partOf, type Stamp } from '../../inference/continuity.ts'
import type { InferenceEvent } from '../../inference/events.ts'
import { type IndexedEvent, mergeGenerations, type StartGeneration } from '../../inference/merge-generations.ts'
import { type EventOrder, splitContinuity } from '../../inference/split-continuity.ts'
import type { Call } from '../calls.ts'
import { type EventStreamFormat, type EventStreamLimits, sendEventStream } from '../sse.ts'
import type { AnswerHead } from './from-inference.ts'

/** Choices of one request that are generated at the same time: a single request must not take every place. */
const CONCURRENT_CHOICES = 4

/** Runs all choices of a request and streams them. One choice, the usual case, goes straight through. */
export async function streamChoices(
  reply: FastifyReply,
  call: Call,
  init: {
    readonly starts: readonly StartGeneration[]
    readonly order: EventOrder | undefined
    readonly format: EventStreamFormat<IndexedEvent>
    readonly limits: EventStreamLimits
  },
): Promise<void> {
  const { starts, order, format, limits } = init
  const [only] = starts
  const { signal } = call
  const failure =
    starts.length === 1 && only !== undefined
      ? await sendEventStream(reply, only({ signal }), { format: forOneChoice(format, call), limits, signal })
      : await sendEventStream(reply, mergeGenerations(starts, CONCURRENT_CHOICES, { signal, order }), {
          format: observed(format, call),
          limits,
          signal,
        })
  if (failure !== undefined) call.failed(failure)
}

/** Runs all choices of a request to their ends. */
export async function collectChoices(call: Call, starts: readonly StartGeneration[]): Promise<readonly Answer[]> {
  const collectors = starts.map(() => createAnswerCollector())
  for await (const { index, event } of mergeGenerations(starts, CONCURRENT_CHOICES, { signal: call.signal })) {
    call.observe(event)
    collectors[index]?.add(event)
  }
  return collectors.map((collector) => collector.answer())
}

function forOneChoice(format: EventStreamFormat<IndexedEvent>, call: Call): EventStreamFormat<InferenceEvent> {
  return {
    ...format,
    render(event) {
      call.observe(event)
      return format.render({ index: 0, event })
    },
  }
}

function observed(format: EventStreamFormat<IndexedEvent>, call: Call): EventStreamFormat<IndexedEvent> {
  return {
    ...format,
    render(indexed) {
      call.observe(indexed.event)
      return format.render(indexed)
    },
  }
}

/** One seed gives n different answers, and the same n again next time. */
export function seedOf(seed: number | null | undefined, choice: number): { readonly seed?: number } {
  if (seed === undefined || seed === null) return {}
  return { seed: seed < 0 ? seed : seed + choice }
}

/** The choices of one request, and how they are carried on by another node. */
export interface Choices {
  /** What the generation of one choice gets beside its signal. */
  options(choice: number): GenerationOptions
  /** In which order they speak; undefined: one speaks, or nobody could go on. */
  readonly order: EventOrder | undefined
}

export function choicesOf({ stamp, continuity }: Pick<FastifyRequest, 'stamp' | 'continuity'>, count: number): Choices {
  if (count === 1) return { options: () => ({ stamp, continuity }), order: undefined }
  const split = continuity === undefined ? undefined : splitContinuity(continuity, count)
  return {
    options: (choice) => ({ ...partOf({ stamp }, `choice ${choice}`), continuity: split?.part(choice) }),
    order: split?.order,
  }
}

export function createHead(
  prefix: 'chatcmpl' | 'cmpl',
  stamp: Stamp,
  names: Pick<AnswerHead, 'model' | 'fingerprint'>,
): AnswerHead {
  return { id: `${prefix}-${uuidOf(stamp)}`, created: unixSeconds(stamp), ...names }
}

/** In the form of a UUID. */
export function uuidOf(stamp: Stamp): string {
  return stamp.digits('id').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

export function unixSeconds({ createdUnixMs }: Stamp): number {
  return Math.floor(createdUnixMs / 1000)
}

/** `Extra-Usage: <anything>` asks for timings beside the token counts. */
export function wantsTimings(request: FastifyRequest): boolean {
  return request.headers['extra-usage'] !== undefined
}
