import type { Logger } from '../../telemetry/logger.ts'
import type { EncrypterFactory } from '../host/libp2p-options.ts'
import type { NodeLoad, NodeOffer } from '../membership/node-record.ts'
import type { PeerView } from '../network.ts'
import { type AnswerViewersInit, answerViewers } from './answer-viewers.ts'
import { makeSummary, type SummarizedNode } from './make-summary.ts'
import { createViewerSeats } from './viewer-seats.ts'

export interface ViewingDeps {
  readonly log: Pick<Logger, 'debug'>
  /** Absent: nobody is answered. */
  readonly view: AnswerViewersInit | undefined
  readonly members: () => readonly PeerView[]
  readonly self: () => Pick<SummarizedNode['record'], 'peerId' | 'addresses'>
  /** Unix milliseconds. */
  readonly now?: () => number
}

export interface ViewingInit {
  /** What the network is called in public. */
  readonly publicName?: string
}

/** This node's part in showing the network to viewers. */
export interface Viewing {
  /** For the host; undefined when nobody is answered. */
  readonly encrypter: EncrypterFactory | undefined
  /** Notes what this node offers, and gives what it tells the members: that viewers may ask it too. */
  offered(offer: NodeOffer): NodeOffer
  loaded(load: NodeLoad): void
}

const SEATS = { atOnce: 4, perHost: 30, windowMs: 60_000 }

export function createViewing(deps: ViewingDeps, init: ViewingInit): Viewing {
  const { log, view, members, now = Date.now } = deps
  if (view === undefined) return { encrypter: undefined, offered: (offer) => offer, loaded() {} }
  const { secret } = view
  let ownOffer: NodeOffer | undefined
  let ownLoad: NodeLoad = { running: 0, queued: 0, memoryFreeBytes: 0 }

  function summary(): Uint8Array {
    const others = members().map(({ record, load, state }) => ({ record, load, state }))
    const self = ownOffer && { record: { ...deps.self(), offer: ownOffer }, load: ownLoad, state: 'linked' as const }
    const nodes: readonly SummarizedNode[] = self === undefined ? others : [self, ...others]
    const made = makeSummary(nodes, { name: init.publicName ?? '', secret, nowUnixMs: now() })
    return new TextEncoder().encode(JSON.stringify(made))
  }
  const seats = createViewerSeats({ now: () => performance.now() }, SEATS)
  return {
    encrypter: answerViewers({ log, seats, summary }, view),
    offered(offer) {
      ownOffer = { ...offer, viewable: true }
      return ownOffer
    },
    loaded(load) {
      ownLoad = load
    },
  }
}
