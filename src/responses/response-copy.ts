import { type Static, Type } from 'typebox'
import { exact } from './items.ts'
import { isFinished, type ResponseResource } from './resource.ts'
import { ResponseRecord } from './response-record.ts'

/** The request of a background response: made again, with the conversation of its record, it gives the same response. */
export const RepeatableRequest = Type.Object(
  {
    target: Type.String({ maxLength: 2048 }),
    body: Type.String({ maxLength: 1024 * 1024 }),
    stamp: Type.String({ maxLength: 64 }),
  },
  exact,
)
export type RepeatableRequest = Static<typeof RepeatableRequest>

/** What a node gives to another one, so that a response outlives it. */
export const ResponseCopy = Type.Object(
  {
    record: ResponseRecord,
    /** While it is being made: for whoever goes on with it when its node is lost. */
    request: Type.Optional(RepeatableRequest),
  },
  exact,
)
export type ResponseCopy = Static<typeof ResponseCopy>

/**
 * Whether another node's version takes the place of the one that is here: never of one that was answered to its end. Its
 * node may have been lost in between and somebody else have gone on. Pure.
 */
export function givesWay(
  here: Pick<ResponseRecord, 'owner' | 'resource'>,
  other: Pick<ResponseRecord, 'owner' | 'resource'>,
): boolean {
  return here.owner === other.owner && !isAnswered(here.resource)
}

function isAnswered(resource: Pick<ResponseResource, 'status'>): boolean {
  return isFinished(resource) && resource.status !== 'failed' && resource.status !== 'cancelled'
}

/** What others are told of the responses of this node. Nothing of it waits for anybody, and none of it throws. */
export interface ResponsesEvents {
  /** A background response has begun. */
  begun(record: ResponseRecord, request: RepeatableRequest): void
  /** Nothing more will happen to it. Not told of one that ends because the node does. */
  finished(record: ResponseRecord): void
  removed(id: string, owner: string | null): void
}

export const NOBODY_LISTENS: ResponsesEvents = { begun() {}, finished() {}, removed() {} }
