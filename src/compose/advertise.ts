import type { Startable } from '../base/lifecycle.ts'
import type { NodeLoad, NodeOffer } from '../p2p/membership/node-record.ts'
import type { Network } from '../p2p/network.ts'

/** Far below the second in which a change has to be with everyone; the network sends only what differs. */
const LOOK_EVERY_MS = 200

export interface Advertiser extends Startable {
  /** Tells at once what has changed. */
  look(): void
}

/** Keeps the network told of what this node offers and how busy it is. */
export function createAdvertiser(deps: {
  readonly network: Pick<Network, 'advertise' | 'reportLoad'>
  readonly offer: () => NodeOffer
  readonly load: () => NodeLoad
  readonly onLoadChange?: () => void
}): Advertiser {
  let timer: NodeJS.Timeout | undefined
  let busy = 0
  function look(): void {
    deps.network.advertise(deps.offer())
    const load = deps.load()
    deps.network.reportLoad(load)
    const before = busy
    busy = load.running + load.queued
    if (busy !== before) deps.onLoadChange?.()
  }
  return {
    look,
    async start() {
      look()
      timer = setInterval(look, LOOK_EVERY_MS)
    },
    async stop() {
      clearInterval(timer)
    },
  }
}
