import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Responses } from '../../responses/create-responses.ts'
import { Item } from '../../responses/items.ts'
import { ResponseResource } from '../../responses/resource.ts'
import type { ResponseRecord } from '../../responses/response-record.ts'
import {
  CANCEL_RESPONSE,
  DELETE_RESPONSE,
  idOf,
  NO_RESPONSE,
  notFound,
  RESPONSE_EVENTS,
  RESPONSE_INPUT_ITEMS,
  RETRIEVE_RESPONSE,
} from './inference-paths.ts'
import { invalid } from './refusals.ts'
import { type ReplayDeps, replay } from './replay.ts'
import { EventsQuery, InputItemsQuery, ResponseParams } from './schema.ts'

export interface StoredResponsesDeps extends ReplayDeps {
  readonly responses: Responses
}

const DeletedResponse = Type.Object({
  id: Type.String(),
  object: Type.Literal('response'),
  deleted: Type.Literal(true),
})

const ItemList = Type.Object({
  object: Type.Literal('list'),
  data: Type.Array(Item),
  first_id: Type.Union([Type.String(), Type.Null()]),
  last_id: Type.Union([Type.String(), Type.Null()]),
  has_more: Type.Boolean(),
})
type ItemList = Static<typeof ItemList>

const tags = ['responses']
const params = ResponseParams

/** Everything that speaks of a response by its id. Somebody else's response is as unknown as one that never was. */
export const storedResponses: FastifyPluginAsyncTypebox<StoredResponsesDeps> = async (app, deps) => {
  const { responses } = deps

  // None of these has a body to read: whatever comes, also an empty one that calls itself JSON, is let pass.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 65_536 }, async () => undefined)

  for (const url of RETRIEVE_RESPONSE.urls) {
    const schema = {
      tags,
      summary: 'A response as it stands; with `stream=true` the events of a background stream',
      params,
      querystring: EventsQuery,
      response: { 200: ResponseResource },
    }
    app.get(url, { schema, config: RETRIEVE_RESPONSE.config }, async (request, reply) => {
      const record = await findOwn(responses, request)
      if (request.query.stream !== 'true' && request.query.stream !== '1') return record.resource
      return await replay(reply, deps, startOf(record, request.query))
    })
  }

  for (const url of RESPONSE_EVENTS.urls) {
    const schema = { tags, summary: 'The events of a background stream', params, querystring: EventsQuery }
    app.get(url, { schema, config: RESPONSE_EVENTS.config }, async (request, reply) => {
      const record = await findOwn(responses, request)
      return await replay(reply, deps, startOf(record, request.query))
    })
  }

  for (const url of RESPONSE_INPUT_ITEMS.urls) {
    const schema = {
      tags,
      summary: 'The conversation before a response',
      params,
      querystring: InputItemsQuery,
      response: { 200: ItemList },
    }
    app.get(url, { schema, config: RESPONSE_INPUT_ITEMS.config }, async (request) =>
      toItemList((await findOwn(responses, request)).input, request.query),
    )
  }

  for (const url of CANCEL_RESPONSE.urls) {
    const schema = {
      tags,
      summary: 'Ends a response that is being made',
      params,
      response: { 200: ResponseResource },
    }
    app.post(url, { schema, config: CANCEL_RESPONSE.config }, async (request) => {
      const resource = await responses.cancel(idOf(request), ownerOf(request))
      if (resource === undefined) throw notFound(idOf(request))
      return resource
    })
  }

  for (const url of DELETE_RESPONSE.urls) {
    const schema = { tags, summary: 'Forgets a response', params, response: { 200: DeletedResponse } }
    app.delete(url, { schema, config: DELETE_RESPONSE.config }, async (request) => {
      if (!(await responses.remove(idOf(request), ownerOf(request)))) throw notFound(idOf(request))
      return { id: idOf(request), object: 'response' as const, deleted: true as const }
    })
  }

  for (const url of NO_RESPONSE.urls) {
    const schema = { tags, summary: 'Says that an id is needed', params }
    app.get(url, { schema, config: NO_RESPONSE.config }, async () => {
      throw notFound('')
    })
  }
}

async function findOwn(responses: Responses, request: FastifyRequest): Promise<ResponseRecord> {
  const id = idOf(request)
  const record = id === '' ? undefined : await responses.find(id, ownerOf(request))
  if (record === undefined) throw notFound(id)
  return record
}

function ownerOf({ caller }: FastifyRequest): string | null {
  return caller.id ?? null
}

/** Where a reader wants to go on; throws when there is no stream to go on with. */
function startOf({ resource, streamed }: ResponseRecord, { starting_after: after }: Static<typeof EventsQuery>) {
  if (!streamed) throw invalid('stream', 'cannot stream a response that was not created with stream=true')
  return { id: resource.id, after: after === undefined || after === '' ? -1 : toInteger(after) }
}

function toInteger(text: string): number {
  if (/^-?\d{1,15}$/.test(text)) return Number(text)
  throw invalid('starting_after', 'starting_after must be an integer')
}

const DEFAULT_LIMIT = 20
const MAX_LIMIT = 100

function toItemList(input: readonly Item[], query: Static<typeof InputItemsQuery>): ItemList {
  const items = query.order === 'asc' ? input : input.toReversed()
  const limit = query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit)
  if (limit < 1 || limit > MAX_LIMIT) throw invalid('limit', `limit must be between 1 and ${MAX_LIMIT}`)
  const last = query.after === undefined ? -1 : items.findIndex(({ id }) => id === query.after)
  if (last === -1 && query.after !== undefined) throw invalid('after', `after: there is no item ${query.after}`)
  const data = items.slice(last + 1, last + 1 + limit)
  return {
    object: 'list',
    data: [...data],
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: last + 1 + limit < items.length,
  }
}
