import type { FastifyInstance } from 'fastify'
import type { Logger } from '../../telemetry/logger.ts'
import { isLoopbackAddress } from './loopback.ts'

/** Says once, at the start, when other machines can use the node without a key. */
export function warnOfOpenDoor(
  app: FastifyInstance,
  { log, isOpen }: { readonly log: Pick<Logger, 'warn'>; readonly isOpen: () => boolean },
  { insecure }: { readonly insecure: boolean },
): void {
  app.addHook('onListen', async () => {
    const bound = app.server.address()
    if (!isOpen() || bound === null || typeof bound === 'string' || isLoopbackAddress(bound.address)) return
    const what = insecure ? 'use and manage this node (--insecure)' : 'use this node (managing it needs a key)'
    log.warn(
      { address: bound.address, port: bound.port },
      `THE API IS OPEN: whoever reaches this machine may ${what}. Set LOCALAI_API_KEY, or LOCALAI_AUTH=true for ` +
        `accounts, or listen on this machine only: --address 127.0.0.1:${bound.port}`,
    )
  })
}
