import { AppError } from '../../base/errors.ts'
import { timeLeftMs } from '../../base/time-left.ts'
import type { LentMemory } from '../../p2p/membership/node-record.ts'
import type { Network, PeerView } from '../../p2p/network.ts'
import type { DeviceFacts, StartWorkerProcess } from '../worker-process.ts'
import { judgeAsk } from './judge-ask.ts'
import type { LeaseWords } from './lease-words.ts'
import { lendableBytes, steadyBytes } from './lendable-memory.ts'

const FIRST_REST_MS = 1000
const LONGEST_REST_MS = 60_000

/** A worker program that can be started for a user. */
export interface ReadyWorker {
  readonly build: string
  readonly protocol: string
  readonly facts: DeviceFacts
  readonly start: StartWorkerProcess
}

/** What the operator allows, as of now. */
export interface LendingRules {
  readonly enabled: boolean
  /** Undefined: a share of what is free. */
  readonly memoryBytes: number | undefined
  readonly threads: number
  /** Peer ids or names; empty: every member of the group. */
  readonly to: readonly string[]
}

export interface LendingOfferDeps {
  readonly network: Pick<Network, 'peers'>
  /** Undefined while there is none. */
  readonly worker: () => ReadyWorker | undefined
  readonly rules: () => LendingRules
  readonly freeBytes: () => number
  /** Takes nothing new; what runs goes on. Absent: never. */
  readonly draining?: (() => boolean) | undefined
  /** Milliseconds of any clock. */
  readonly now: () => number
  /** In words, when the lender itself does not lend: it has not started, or stops. */
  readonly stopped: () => string | undefined
  readonly use: () => { readonly running: boolean; readonly busy: boolean; readonly waiting: number }
}

/** What can be lent now, to whom, and why not. */
export interface LendingOffer {
  lends(): LentMemory | undefined
  /** In words; undefined when something can be lent. */
  obstacle(): string | undefined
  /** Throws `worker.refused` or `worker.mismatch` when this user gets nothing now. */
  check(peerId: string, words: LeaseWords): { readonly user: PeerView; readonly worker: ReadyWorker }
  /** A worker ended without having served: the next one has to wait, the longer the more of them there were. */
  failed(): { readonly failures: number; readonly waitMs: number }
  served(): void
}

export function createLendingOffer(deps: LendingOfferDeps, { group }: { readonly group: string }): LendingOffer {
  const { network, rules, now } = deps
  let toldBytes: number | undefined
  let failures = 0
  let restsUntil = Number.NEGATIVE_INFINITY

  function lendable(): number {
    // What the user has is not free, and will be.
    if (deps.use().running) return toldBytes ?? 0
    const { memoryBytes: setBytes } = rules()
    const bytes = lendableBytes(deps.freeBytes(), setBytes)
    toldBytes = bytes === setBytes ? bytes : steadyBytes(toldBytes, bytes)
    return toldBytes
  }

  function obstacle(): string | undefined {
    const stopped = deps.stopped()
    if (stopped !== undefined) return stopped
    if (deps.draining?.() === true) return 'this node is draining: it takes nothing new'
    if (!rules().enabled) return 'this node does not lend its memory'
    if (deps.worker() === undefined)
      return 'the worker program is not ready: it is being built or measured, or cannot be built here (the log says so)'
    if (timeLeftMs(restsUntil, now(), LONGEST_REST_MS) > 0) return 'the worker could not be started lately'
    return lendable() === 0 ? 'too little memory is free here' : undefined
  }

  return {
    obstacle,
    lends() {
      const worker = deps.worker()
      if (obstacle() !== undefined || worker === undefined) return undefined
      const { build, protocol, facts } = worker
      const { busy, waiting } = deps.use()
      const { device, weightBytesPerSecond } = facts
      return { build, protocol, device, weightBytesPerSecond, memoryBytes: lendable(), busy, waiting }
    },
    check(peerId, words) {
      const worker = deps.worker()
      const problem = obstacle()
      if (problem !== undefined || worker === undefined) throw new AppError('worker.refused', problem ?? 'no worker')
      const user = network.peers().find(({ record }) => record.peerId === peerId)
      const { build, protocol } = worker
      const terms = { group, build, protocol, to: rules().to, lendableBytes: lendable() }
      const judged = judgeAsk(words, { user, terms })
      if (judged instanceof AppError) throw judged
      return { user: judged, worker }
    },
    failed() {
      failures += 1
      const waitMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (failures - 1))
      restsUntil = now() + waitMs
      return { failures, waitMs }
    },
    served() {
      failures = 0
    },
  }
}
