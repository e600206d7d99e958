import type { FastifyInstance } from 'fastify'
import type { Logger } from '../../telemetry/logger.ts'
import type { ListenAddress } from '../listen-address.ts'
import { isLoopbackAddress } from './loopback.ts'

/** Says once, at the start, when other machines can use the node without a key. */
export function warnOfOpenDoor(
  app: FastifyInstance,
  { log, isOpen }: { readonly log: Pick<Logger, 'warn'>; readonly isOpen: () => boolean },
  { insecure, otherAddress }: { readonly insecure: boolean; readonly otherAddress: ListenAddress | undefined },
): void {
  app.addHook('onListen', async () => {
    const bound = app.server.address()
    if (!isOpen() || bound === null || typeof bound === 'string') return
    if (otherAddress !== undefined && !isLoopbackAddress(otherAddress.host ?? '::')) {
      log.warn(
        otherAddress,
        'THE SHARED ADDRESS IS OPEN: whoever reaches this machine may use this node. Set LOCALAI_API_KEY, or share an ' +
          `address of this machine only: --shared-address 127.0.0.1:${otherAddress.port}`,
      )
    }
    if (isLoopbackAddress(bound.address)) return
    const what = insecure ? 'use and manage this node (--insecure)' : 'use this node (managing it needs a key)'
    log.warn(
      { address: bound.address, port: bound.port },
      `THE API IS OPEN: whoever reaches this machine may ${what}. Set LOCALAI_API_KEY, or LOCALAI_AUTH=true for ` +
        `accounts, or listen on this machine only: --address 127.0.0.1:${bound.port}`,
    )
  })
}
