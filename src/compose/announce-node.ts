import type { ApiServer } from '../api/listening-server.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Member } from './compose-member.ts'
import { versionWithCommit } from './version.ts'

/** What another machine needs to join a network that was just founded. A secret: for a person, never for the log. */
export type OnFounded = (invitation: { readonly token: string; readonly address: string | undefined }) => void

/** Says that the node is ready, where it is reached, and who it is in the network. */
export function announceNode(deps: {
  readonly log: Logger
  readonly api: Pick<ApiServer, 'address'>
  readonly member: Member | undefined
  readonly onFounded?: OnFounded
}): Startable {
  const { log, api, member, onFounded } = deps
  return {
    async start() {
      if (member !== undefined) {
        const { name, peerId, networkId, addresses } = member.network.status()
        log.info({ node: name, peerId, network: networkId, addresses }, 'joined the network')
        const { origin, text } = member.token
        if (origin === 'generated') onFounded?.({ token: text, address: dialable(addresses) })
      }
      log.info({ url: urlOf(api.address()), version: versionWithCommit() }, 'local-ai is ready')
    },
    stop: async () => {},
  }
}

/** `host:port` of the first address that another machine can reach. */
function dialable(addresses: readonly string[]): string | undefined {
  const found = addresses
    .map((address) => /^\/ip4\/(\d+\.\d+\.\d+\.\d+)\/tcp\/(\d+)/.exec(address))
    .find((match) => match !== null && match[1]?.startsWith('127.') === false)
  return found === undefined || found === null ? undefined : `${found[1]}:${found[2]}`
}

/** An address that a person can open: a wildcard is reached through the loopback. */
function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  const reachable = host === '0.0.0.0' || host === '::' || host === '' ? '127.0.0.1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
