import type { RoundEvent } from '../inference/events.ts'
import type { ResponseEvent, ResponseStep } from './events.ts'
import { createOutputBuilder } from './output-builder.ts'
import {
  isFinished,
  type ResponseEcho,
  type ResponseError,
  type ResponseResource,
  type ResponseStatus,
} from './resource.ts'

export interface ResponseStateInit {
  readonly id: string
  /** Unix seconds. */
  readonly createdAt: number
  readonly echo: ResponseEcho
  readonly itemId: (prefix: string, index: number) => string
}

/**
 * The life of one response, without the world: every function gives the events that it adds to the stream, numbered
 * from 0. After the end nothing adds any.
 */
export interface ResponseState {
  /** A copy of its own, which later events do not change. */
  resource(): ResponseResource
  created(): readonly ResponseEvent[]
  started(): readonly ResponseEvent[]
  add(event: RoundEvent): readonly ResponseEvent[]
  /** `at`: unix seconds. */
  completed(at: number): readonly ResponseEvent[]
  failed(error: ResponseError): readonly ResponseEvent[]
  cancelled(): readonly ResponseEvent[]
}

export function createResponseState({ id, createdAt, echo, itemId }: ResponseStateInit): ResponseState {
  const output = createOutputBuilder({ itemId, maxCallsPerRound: echo.parallel_tool_calls ? Infinity : 1 })
  let status: ResponseStatus = echo.background ? 'queued' : 'in_progress'
  let completedAt: number | null = null
  let error: ResponseError | null = null
  let next = 0

  function resource(): ResponseResource {
    return {
      id,
      object: 'response',
      created_at: createdAt,
      completed_at: completedAt,
      status,
      output: output.items(isFinished({ status }) ? 'incomplete' : 'in_progress'),
      error,
      incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
      ...echo,
      usage: output.usage() ?? null,
    }
  }

  function numbered(steps: readonly ResponseStep[]): readonly ResponseEvent[] {
    return steps.map(({ type, ...rest }) => ({ type, sequence_number: next++, ...rest }) as ResponseEvent)
  }

  /** The new state is set before the events that tell of it are made. */
  function turn(to: ResponseStatus, steps: () => readonly ResponseStep[]): readonly ResponseEvent[] {
    if (isFinished({ status })) return []
    status = to
    return numbered(steps())
  }

  return {
    resource,
    created: () => numbered([{ type: 'response.created', response: resource() }]),
    started: () => turn('in_progress', () => [{ type: 'response.in_progress', response: resource() }]),
    add: (event) => (isFinished({ status }) ? [] : numbered(output.add(event))),
    completed(at) {
      if (isFinished({ status })) return []
      const rest = numbered(output.end())
      if (!output.cutShort()) completedAt = at
      const last = turn(output.cutShort() ? 'incomplete' : 'completed', () => [
        { type: output.cutShort() ? 'response.incomplete' : 'response.completed', response: resource() },
      ])
      return [...rest, ...last]
    },
    failed: (reason) =>
      turn('failed', () => {
        error = reason
        return [
          { type: 'error', error: reason },
          { type: 'response.failed', response: resource() },
        ]
      }),
    // There is no event of that name; the status tells.
    cancelled: () => turn('cancelled', () => [{ type: 'response.incomplete', response: resource() }]),
  }
}
