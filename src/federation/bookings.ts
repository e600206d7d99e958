import type { NodeLoad } from '../p2p/membership/node-record.ts'

/** How many requests each node has, as far as this node can know it at this moment. */
export interface Bookings {
  /** Counts one more at once, before anything is sent. The function gives it back, once however often it is called. */
  book(peerId: string): () => void
  /**
   * What the nodes tell of themselves; called whenever one of them has told something. A load that is another object is
   * another report, whether or not it says the same.
   */
  observe(peers: readonly ReportingPeer[]): void
  /** Requests that run, wait or are on their way at the node. */
  busy(peerId: string): number
}

export interface ReportingPeer {
  readonly record: { readonly peerId: string }
  readonly load: NodeLoad
}

interface Account {
  own: number
  /** The load told last, and how many of our own there were then. */
  load: NodeLoad | undefined
  ownThen: number
}

/**
 * A node tells its whole load, ours included, but some hundred milliseconds late. So what it told is taken to hold all
 * that was booked when it told it, and only what was booked or given back since then is added. Bookings that had not yet
 * reached the node at that moment are missed this way; there are never fewer requests than our own, though, and the
 * next heartbeat puts it right: a node with any load tells it in each.
 */
export function createBookings(): Bookings {
  const accounts = new Map<string, Account>()

  function accountOf(peerId: string): Account {
    const known = accounts.get(peerId)
    if (known !== undefined) return known
    const account: Account = { own: 0, load: undefined, ownThen: 0 }
    accounts.set(peerId, account)
    return account
  }

  return {
    book(peerId) {
      const account = accountOf(peerId)
      account.own += 1
      let held = true
      return () => {
        if (held) account.own -= 1
        held = false
      }
    },
    observe(peers) {
      for (const { record, load } of peers) {
        const account = accountOf(record.peerId)
        if (account.load === load) continue
        account.load = load
        account.ownThen = account.own
      }
      if (accounts.size > 2 * peers.length + 1) forgetOthers(accounts, peers)
    },
    busy(peerId) {
      const account = accounts.get(peerId)
      if (account === undefined) return 0
      const { own, ownThen, load } = account
      return load === undefined ? own : Math.max(own, load.running + load.queued + own - ownThen)
    },
  }
}

function forgetOthers(accounts: Map<string, Account>, peers: readonly ReportingPeer[]): void {
  const known = new Set(peers.map(({ record }) => record.peerId))
  for (const [peerId, { own }] of accounts) if (own === 0 && !known.has(peerId)) accounts.delete(peerId)
}
