import { type BackOff, backOffMs } from './back-off.ts'
import type { Candidate } from './candidate.ts'

interface Entry {
  readonly key: string
  readonly peerId: string | undefined
  source: string
  addresses: readonly string[]
  failures: number
  offeredAt: number
  /** Undefined while it is dialled, and while it is connected. */
  dueAt: number | undefined
  isDialled: boolean
  lostAt: number | undefined
}

/** Two losses within this time are no accident: the other side takes connections and does not keep them. */
const STEADY_MS = 10_000

export interface DialBookInit {
  readonly maxPeers: number
  readonly maxAddresses: number
  readonly backOff: BackOff
  /** Since it was last offered, unless it is connected; then neither its addresses nor its failures are remembered. */
  readonly forgetMs: number
}

export const DIAL_BOOK_DEFAULTS: DialBookInit = {
  maxPeers: 512,
  maxAddresses: 16,
  backOff: { firstMs: 500, factor: 2, mostMs: 60_000 },
  forgetMs: 10 * 60_000,
}

/** Whom to dial next. Pure but for its own memory: the clock and the dice are arguments, times are milliseconds. */
export interface DialBook {
  /** A hint. News (an unknown peer, an unknown address) is due after `delayMs`; what is known keeps its back-off. */
  offer(candidate: Candidate, now: number, delayMs?: number): void
  /**
   * Of those that are due one of the source of which the fewest are being dialled; of that one whoever has failed least, and then
   * whoever waits longest. It is not due again until its fate is told.
   */
  take(now: number): (Candidate & { readonly key: string }) | undefined
  connected(key: string): void
  /** Until the next hint. */
  forget(key: string): void
  failed(key: string, now: number, dice: number): void
  /** The connection to a peer that was in the book is gone: it is due at once, unless its last one has hardly lasted either. */
  lost(peerId: string, now: number, dice: number): void
  nextDueAt(): number | undefined
}

export function createDialBook(init: DialBookInit = DIAL_BOOK_DEFAULTS): DialBook {
  const entries = new Map<string, Entry>()

  function forgetOld(now: number): void {
    for (const entry of entries.values()) {
      if (entry.dueAt !== undefined && now - entry.offeredAt > init.forgetMs) entries.delete(entry.key)
    }
    while (entries.size > init.maxPeers) {
      // Whoever is connected stays; of the others the oldest hint goes, of whoever has given most.
      const waiting = [...entries.values()].filter((entry) => entry.dueAt !== undefined)
      const counts = countSources(waiting)
      const most = Math.max(...counts.values())
      const greediest = waiting.filter(({ source }) => counts.get(source) === most)
      const from = greediest.length > 0 ? greediest : [...entries.values()]
      entries.delete(from.reduce((a, b) => (b.offeredAt < a.offeredAt ? b : a)).key)
    }
  }

  return {
    offer({ peerId, addresses, source }, now, delayMs = 0) {
      const key = peerId ?? addresses[0]
      if (key === undefined) return
      const known = entries.get(key)
      const news = addresses.filter((address) => known?.addresses.includes(address) !== true)
      const merged = [...new Set([...addresses, ...(known?.addresses ?? [])])].slice(0, init.maxAddresses)
      if (known === undefined) {
        entries.set(key, {
          ...{ key, peerId, source: source ?? key, addresses: merged, failures: 0 },
          ...{ offeredAt: now, dueAt: now + delayMs, isDialled: false, lostAt: undefined },
        })
        forgetOld(now)
        return
      }
      known.addresses = merged
      known.offeredAt = now
      if (news.length > 0 && known.failures > 0 && known.dueAt !== undefined) {
        known.failures = 0
        known.dueAt = Math.min(known.dueAt, now + delayMs)
      }
    },
    take(now) {
      forgetOld(now)
      const all = [...entries.values()]
      const due = all.filter(({ dueAt }) => dueAt !== undefined && dueAt <= now)
      if (due.length === 0) return undefined
      const dialled = countSources(all.filter(({ isDialled }) => isDialled))
      const first = due.reduce((a, b) => (compareDue(b, a, dialled) < 0 ? b : a))
      first.dueAt = undefined
      first.isDialled = true
      const { key, peerId, addresses } = first
      return { key, addresses, ...(peerId === undefined ? {} : { peerId }) }
    },
    connected(key) {
      const entry = entries.get(key)
      if (entry?.peerId === undefined) entries.delete(key)
      else entry.isDialled = false
    },
    forget: (key) => void entries.delete(key),
    failed(key, now, dice) {
      const entry = entries.get(key)
      if (entry === undefined) return
      entry.isDialled = false
      entry.failures += 1
      entry.dueAt = now + backOffMs(init.backOff, entry.failures, dice)
    },
    lost(peerId, now, dice) {
      const entry = entries.get(peerId)
      if (entry === undefined) return
      const isSteady = now - (entry.lostAt ?? -Infinity) >= STEADY_MS
      entry.lostAt = now
      entry.source = peerId
      entry.offeredAt = now
      entry.failures = isSteady ? 0 : entry.failures + 1
      entry.dueAt = isSteady ? now : now + backOffMs(init.backOff, entry.failures, dice)
    },
    nextDueAt() {
      const times = [...entries.values()].flatMap((entry) => entry.dueAt ?? [])
      return times.length === 0 ? undefined : Math.min(...times)
    },
  }
}

function countSources(entries: readonly Pick<Entry, 'source'>[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { source } of entries) counts.set(source, (counts.get(source) ?? 0) + 1)
  return counts
}

function compareDue(one: Entry, other: Entry, dialled: ReadonlyMap<string, number>): number {
  return (
    (dialled.get(one.source) ?? 0) - (dialled.get(other.source) ?? 0) ||
    one.failures - other.failures ||
    (one.dueAt ?? 0) - (other.dueAt ?? 0)
  )
}
