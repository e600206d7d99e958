import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'

/**
 * Taking this node out of service without hurting anybody: what runs goes on, what is new goes elsewhere, or, at an entry
 * without models, is refused.
 */
export interface Drain {
  readonly draining: boolean
  /** Requests that this node works on now, whoever sent them; at an entry, those on their way through it. */
  running(): number
  begin(): void
  /** Takes new requests again. Throws `node.stopping` when it is too late for that. */
  undo(): void
}

export interface DrainDeps {
  /** Absent when the node takes no requests of others: there is nobody to send them elsewhere. */
  readonly drain: Drain | undefined
}

const State = Type.Object({ draining: Type.Boolean(), running: Type.Integer() })
const config = { access: 'admin' } as const
const about = (summary: string) => ({ tags: ['p2p'], summary, response: { 200: State } })

/** Ours: `local-ai p2p drain`. */
export const drainRoutes: FastifyPluginAsyncTypebox<DrainDeps> = async (app, { drain }) => {
  const stateOf = ({ draining, running }: Drain) => ({ draining, running: running() })
  const served = (): Drain => {
    if (drain !== undefined) return drain
    throw new AppError('request.conflict', 'this node takes no requests of others: there is nothing to drain')
  }
  const url = '/api/p2p/drain'
  app.get(url, { schema: about('Whether the node takes new requests'), config }, async () =>
    drain === undefined ? { draining: false, running: 0 } : stateOf(drain),
  )
  app.post(url, { schema: about('Finish what runs, take nothing new'), config }, async () => {
    served().begin()
    return stateOf(served())
  })
  app.delete(url, { schema: about('Take new requests again'), config }, async () => {
    served().undo()
    return stateOf(served())
  })
}
