import type { Connection } from '@libp2p/interface'
import { AppError } from '../../base/errors.ts'
import { NewestMap } from '../../base/newest-map.ts'
import type { RosterKeeper } from '../roster/create-roster-keeper.ts'
import { createFrameBudget, type FrameBudget } from './frame-budget.ts'
import type { Link } from './link.ts'
import type { LinkHost } from './link-opener.ts'
import type { Links } from './links.ts'
import type { Members } from './members.ts'
import type { RecordStore } from './record-store.ts'

export interface RosterTalkDeps {
  readonly libp2p: () => LinkHost
  readonly roster: Pick<RosterKeeper, 'current' | 'take' | 'exclusionOf' | 'onChange'>
  readonly links: Pick<Links, 'toAll'>
  readonly members: Pick<Members, 'peers' | 'left'>
  readonly store: Pick<RecordStore, 'hints' | 'unlink' | 'forgetHint'>
}

/** How the owner's word goes round, and what this node does about it. */
export interface RosterTalk {
  /** The first thing that a peer hears beside who this node is. */
  greet(link: Link): void
  /** A rejection breaks the link. */
  take(link: Link, bytes: Uint8Array): Promise<void>
  /** From now on; gives the function that ends it. */
  follow(): () => void
}

/** A signature over so much costs milliseconds; over all links of a peer, since those are soon made. An owner says little. */
const OF_PEER = { burst: 256, perSecond: 4 }
/** Beyond, whoever has told nothing for longest is forgotten. */
const MAX_TELLERS = 512

export function createRosterTalk({ libp2p, roster, links, members, store }: RosterTalkDeps): RosterTalk {
  const budgets = new NewestMap<string, FrameBudget>(MAX_TELLERS)

  function affords(peerId: string): boolean {
    const budget = budgets.get(peerId) ?? createFrameBudget(OF_PEER)
    budgets.set(peerId, budget)
    return budget.spend(performance.now())
  }
  function greet(link: Link): void {
    const current = roster.current()
    if (current !== undefined) link.roster(current.bytes)
  }
  /** Everybody hears it, and whom the owner does not want is cut off. */
  function onChange(): void {
    links.toAll(greet)
    cutOff()
  }
  function cutOff(): void {
    const known = [...members.peers().map(({ record }) => record.peerId), ...store.hints().map(({ peerId }) => peerId)]
    const connected = libp2p().getConnections()
    for (const peerId of new Set([...known, ...connected.map(({ remotePeer }) => remotePeer.toString())])) {
      if (roster.exclusionOf(peerId) === undefined) continue
      members.left(peerId)
      store.unlink(peerId, performance.now())
      store.forgetHint(peerId)
    }
    for (const connection of connected) refuse(connection)
  }
  function refuse(connection: Connection): void {
    if (roster.exclusionOf(connection.remotePeer.toString()) === undefined) return
    connection.abort(new AppError('peer.unreachable', 'the owner of the network does not want it here'))
  }
  /** Between the handshake and here the owner may have spoken; who is let in late can make that as long as it likes. */
  function onConnection({ detail: connection }: CustomEvent<Connection>): void {
    refuse(connection)
  }
  return {
    greet,
    async take(link, bytes) {
      if (!affords(link.peerId)) throw new AppError('peer.unreachable', 'it tells more rosters than an owner makes')
      const outcome = await roster.take(bytes)
      // Everybody has the owner's public key from the token: who passes on what is not the owner's did not look, or lies.
      if (outcome === 'refused') throw new AppError('peer.unreachable', "it told a roster that is not the owner's")
      if (outcome === 'older') greet(link)
    },
    follow() {
      const endFollow = roster.onChange(onChange)
      const host = libp2p()
      host.addEventListener('connection:open', onConnection)
      cutOff()
      return () => {
        endFollow()
        host.removeEventListener('connection:open', onConnection)
      }
    },
  }
}
