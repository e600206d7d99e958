import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { homeOf, homeOfId } from '../../federation/home.ts'
import { COPIES_PATH } from '../../federation/replication/neighbours.ts'
import type { Responses } from '../../responses/create-responses.ts'
import { type RepeatableRequest, ResponseCopy } from '../../responses/response-copy.ts'
import { notFound } from './inference-paths.ts'

/** What this node would go on with, should its own node be lost. */
export interface Wards {
  add(ward: {
    readonly id: string
    readonly owner: string | null
    readonly home: string
    readonly request: RepeatableRequest
  }): void
  release(id: string): void
}

export interface ResponseCopiesDeps {
  readonly responses: Pick<Responses, 'adopt' | 'forget' | 'stateOf'>
  readonly wards?: Wards | undefined
}

const params = Type.Object({ id: Type.String({ pattern: '^resp_[0-9a-f]{10}_[0-9a-f]{32}$' }) })
const Owner = Type.Object({ owner: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]) })
const State = Type.Object({ finished: Type.Boolean() })
const Kept = Type.Object({ kept: Type.Boolean() })
const Removed = Type.Object({ removed: Type.Boolean() })
const tags = ['members']

/** Where members give each other copies of responses, so that these outlive their node. */
export const responseCopies: FastifyPluginAsyncTypebox<ResponseCopiesDeps> = async (app, { responses, wards }) => {
  const url = `${COPIES_PATH}/:id`

  const get = { tags, summary: 'Whether a response is here', params, response: { 200: State } }
  app.get(url, { schema: get }, async ({ params: { id } }) => {
    const state = responses.stateOf(id)
    if (state === undefined) throw notFound(id)
    return { finished: state === 'finished' }
  })

  const put = { tags, summary: 'Keeps a copy of a response', params, body: ResponseCopy, response: { 200: Kept } }
  app.put(url, { schema: put }, async ({ params: { id }, body: { record, request }, raw }) => {
    if (record.resource.id !== id) throw new AppError('request.invalid', 'this is another response')
    if (!(await responses.adopt(record))) {
      throw new AppError('request.conflict', 'there is a later version of this response')
    }
    const home = raw.socket.remoteAddress ?? ''
    if (request === undefined) wards?.release(id)
    else if (homeOf(home) === homeOfId(id)) wards?.add({ id, owner: record.owner, home, request })
    return { kept: true }
  })

  const post = { tags, summary: 'Forgets a response', params, body: Owner, response: { 200: Removed } }
  app.post(`${url}/remove`, { schema: post }, async ({ params: { id }, body: { owner } }) => {
    wards?.release(id)
    return { removed: await responses.forget(id, owner) }
  })
}
