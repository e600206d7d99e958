import { createRendezvousRing } from '../p2p/admission/create-key-ring.ts'
import { bootstrapAddress } from '../p2p/discovery/bootstrap-address.ts'
import { mdnsServiceTag } from '../p2p/discovery/mdns.ts'
import type { NetworkToken } from '../p2p/token/network-token.ts'
import { readExistingToken } from '../p2p/token/resolve-token.ts'
import { deriveViewKeys, viewIdOf } from '../p2p/view/derive-view.ts'
import { formatViewCapability, type ViewCapability } from '../p2p/view/view-capability.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { TokenSettings } from './network-token.ts'
import { tokenInit } from './network-token.ts'

export interface ShownViewToken {
  readonly viewToken: string
  /** Under which an explorer lists the network. */
  readonly viewId: string
}

/** What may be given to people who shall see a network and not use it. `addresses`: where members are. */
export function toViewCapability(token: NetworkToken, addresses: readonly string[]): ViewCapability {
  const mdnsTag = mdnsServiceTag(createRendezvousRing({ now: Date.now }, token))
  return { ...deriveViewKeys(token), mdnsTag, addresses }
}

export function toViewToken(token: NetworkToken, addresses: readonly string[]): ShownViewToken {
  const capability = toViewCapability(token, addresses)
  return { viewToken: formatViewCapability(capability), viewId: viewIdOf(capability) }
}

/** That of the token which a node with these settings would use. Throws `token.invalid` and `config.invalid`. */
export async function currentViewToken(
  settings: TokenSettings & { readonly p2pAnnounce: readonly string[] },
  deps: { readonly log: Logger },
): Promise<ShownViewToken> {
  const { token } = await readExistingToken({ ...deps, stdin: process.stdin }, tokenInit(settings))
  return toViewToken(
    token,
    settings.p2pAnnounce.map((text) => bootstrapAddress(text, '--p2p-announce')),
  )
}
