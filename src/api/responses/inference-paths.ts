import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { AppError } from '../../base/errors.ts'
import { BrokenResponse, ResponseEvent } from '../../responses/events.ts'
import type { InferencePaths } from '../inference-route.ts'
import { toCreateError, toEventsError, toLookUpError } from './errors.ts'
import { invalid } from './refusals.ts'
import { brokenStream } from './stream-format.ts'

/** What a stream of this dialect may say. */
const events = Type.Union([ResponseEvent, BrokenResponse])

const responses = { endpoint: 'responses', capability: 'chat' } as const

function bothSpellings(path: string): readonly string[] {
  return [`/v1/responses${path}`, `/responses${path}`]
}

export const CREATE_RESPONSE: InferencePaths = {
  urls: bothSpellings(''),
  config: {
    inference: {
      ...responses,
      brokenStream,
      carriesOn: true,
      home: { field: 'previous_response_id', reference: 'item_reference' },
      notHere: ({ body }) => noPrevious(textIn(body, 'previous_response_id')),
    },
    errorShape: toCreateError,
    events,
  },
}

const byId = { ...responses, home: { param: 'id' }, notHere: (request: FastifyRequest) => notFound(idOf(request)) }

/** With `?stream=true` an event stream. */
export const RETRIEVE_RESPONSE: InferencePaths = {
  urls: bothSpellings('/:id'),
  method: 'GET',
  config: { inference: { ...byId, brokenStream }, errorShape: toLookUpError, events },
}

export const RESPONSE_EVENTS: InferencePaths = {
  urls: bothSpellings('/:id/events'),
  method: 'GET',
  config: { inference: { ...byId, brokenStream }, errorShape: toEventsError, events },
}

export const RESPONSE_INPUT_ITEMS: InferencePaths = {
  urls: bothSpellings('/:id/input_items'),
  method: 'GET',
  config: { inference: byId, errorShape: toLookUpError },
}

export const CANCEL_RESPONSE: InferencePaths = {
  urls: bothSpellings('/:id/cancel'),
  config: { inference: byId, errorShape: toLookUpError },
}

export const DELETE_RESPONSE: InferencePaths = {
  urls: bothSpellings('/:id'),
  method: 'DELETE',
  config: { inference: byId, errorShape: toLookUpError },
}

/** The id was left out. */
export const NO_RESPONSE: InferencePaths = {
  urls: bothSpellings(''),
  method: 'GET',
  config: { inference: byId, errorShape: toLookUpError },
}

/** For a node without models, which passes them all on. */
export const RESPONSE_PATHS: readonly InferencePaths[] = [
  CREATE_RESPONSE,
  RETRIEVE_RESPONSE,
  RESPONSE_EVENTS,
  RESPONSE_INPUT_ITEMS,
  CANCEL_RESPONSE,
  DELETE_RESPONSE,
  NO_RESPONSE,
]

export function idOf({ params }: Pick<FastifyRequest, 'params'>): string {
  return textIn(params, 'id')
}

export function notFound(id: string): AppError {
  if (id === '') return invalid('id', 'response ID is required')
  return new AppError('request.not-found', `response not found: ${id}`, { details: { param: 'id' } })
}

export function previousNotFound(id: string): AppError {
  const param = 'previous_response_id'
  return new AppError('request.not-found', `previous response not found: ${id}`, { details: { param } })
}

function noPrevious(id: string): AppError {
  return id === '' ? new AppError('request.invalid', 'the request body is empty') : previousNotFound(id)
}

function textIn(value: unknown, key: string): string {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  return typeof found === 'string' ? found : ''
}
