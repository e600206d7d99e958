import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { KEYS_PATH } from '../../federation/idempotency/keepers.ts'
import type { KeyTable } from '../../federation/idempotency/key-table.ts'
import { readKeyText, toKeyText } from '../../federation/idempotency/request-key.ts'

const params = Type.Object({ digest: Type.String({ pattern: '^[0-9a-f]{64}$' }) })
const body = Type.Object({ key: Type.String({ maxLength: 200 }) })
const Holder = Type.Object({ node: Type.String(), key: Type.String() })
const Noted = Type.Object({ noted: Type.Boolean() })
const tags = ['members']

/** Where members tell which of them works on the answer to a key: each can speak only of itself. */
export const keyRoutes: FastifyPluginAsyncTypebox<{ readonly table: KeyTable }> = async (app, { table }) => {
  const url = `${KEYS_PATH}/:digest`

  const get = { tags, summary: 'Which node works on the answer to a key', params, response: { 200: Holder } }
  app.get(url, { schema: get }, async ({ params: { digest } }) => {
    const holder = table.find(digest)
    if (holder === undefined) throw new AppError('request.not-found', 'nothing is known of this key')
    const { peerId, bodyHash } = holder
    return { node: peerId, key: toKeyText({ digest, bodyHash }) }
  })

  const put = { tags, summary: 'The node that says so works on it', params, body, response: { 200: Noted } }
  app.put(url, { schema: put }, async (request) => {
    const key = readKeyText(request.body.key)
    if (key?.digest !== request.params.digest) throw new AppError('request.invalid', 'this is no key')
    table.note(memberOf(request.raw), key)
    return { noted: true }
  })

  const remove = { tags, summary: 'The node that says so has nothing of it', params, response: { 200: Noted } }
  app.delete(url, { schema: remove }, async (request) => {
    table.forget(memberOf(request.raw), request.params.digest)
    return { noted: false }
  })
}

/** The address of a member's connection is its peer id. */
function memberOf({ socket }: { readonly socket: { readonly remoteAddress?: string | undefined } }): string {
  return socket.remoteAddress ?? ''
}
