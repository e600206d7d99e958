import { AppError } from '../../base/errors.ts'
import type { Startable } from '../../base/lifecycle.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { LentMemory } from '../../p2p/membership/node-record.ts'
import type { Network } from '../../p2p/network.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { LendingFigures } from '../../telemetry/worker-metrics.ts'
import type { WorkerProcess } from '../worker-process.ts'
import { createGrant, type Grant, type GrantDeps, type GrantedLease, type LentLease } from './granted-lease.ts'
import { isNamed } from './judge-ask.ts'
import { createLeaseQueue, type WaitingUser } from './lease-queue.ts'
import type { LeaseWords } from './lease-words.ts'
import { createLendingOffer, type LendingOfferDeps, type LendingRules, type ReadyWorker } from './lending-offer.ts'

export interface LenderDeps extends GrantDeps, Omit<LendingOfferDeps, 'stopped' | 'use' | 'network'> {
  readonly log: Pick<Logger, 'info' | 'warn' | 'debug'>
  readonly network: Pick<Network, 'peers' | 'onChange'>
  /** What is advertised may be another now. */
  readonly onChange: () => void
}

export interface LendingStatus {
  readonly rules: LendingRules
  /** Undefined: nothing can be lent now; `because` says why. */
  readonly lends: LentMemory | undefined
  readonly because: string | undefined
  readonly lease: LentLease | undefined
  readonly waiting: readonly WaitingUser[]
  readonly cache: { readonly bytes: number; readonly pieces: number } | undefined
}

/** Lends this machine's memory: to one user at a time, and a process of its own to each. */
export interface Lender extends Startable {
  /** For `NodeOffer.lends`. */
  lends(): LentMemory | undefined
  /** Waits in the queue and starts a worker. Throws `worker.busy`, `worker.refused`, `worker.mismatch`, the signal's reason. */
  take(peerId: string, words: LeaseWords, options: Required<AbortOptions>): Promise<GrantedLease>
  status(): LendingStatus
  /** The rules are others now: what they do not allow any more ends. */
  rulesChanged(): void
}

export function createLender(deps: LenderDeps, init: { readonly group: string }): Lender {
  const { log, metrics, rules, onChange } = deps
  const queue = createLeaseQueue()
  let stopped: string | undefined = 'this node does not lend yet'
  let running: Grant | undefined
  const use = () => ({ running: running !== undefined, busy: queue.busy, waiting: queue.waiting().length })
  const offer = createLendingOffer({ ...deps, stopped: () => stopped, use }, init)

  async function start(ready: ReadyWorker, memoryBytes: number, options: AbortOptions): Promise<WorkerProcess> {
    try {
      return await ready.start({ memoryBytes, threads: rules().threads }, options)
    } catch (cause) {
      options.signal?.throwIfAborted()
      const { message: reason } = AppError.from(cause, 'backend.start-failed')
      log.warn({ reason, ...offer.failed() }, 'a worker could not be started')
      throw new AppError('worker.refused', 'the worker could not be started', { cause })
    }
  }

  async function take(peerId: string, words: LeaseWords, options: Required<AbortOptions>): Promise<GrantedLease> {
    offer.check(peerId, words)
    const { model, waitMs, memoryBytes } = words
    const turning = queue.take({ peerId, model, waitMs }, options)
    onChange()
    const turn = await turning.finally(onChange)
    try {
      // Much may have changed while it waited.
      const { user, worker: ready } = offer.check(peerId, words)
      const worker = await start(ready, memoryBytes, options)
      const { name } = user.record
      const grant = createGrant(deps, { peerId, name, model, memoryBytes }, { worker, waitedMs: turn.waitedMs })
      running = grant
      void grant.over.then(({ neverServed }) => {
        if (neverServed) log.warn(offer.failed(), 'a worker ended before it had served anybody')
        else offer.served()
        running = undefined
        turn[Symbol.dispose]()
        onChange()
      })
      onChange()
      // Lending may have ended while the worker was started.
      if (offer.obstacle() !== undefined)
        grant.end(new AppError('worker.refused', 'this node lends its memory no more'))
      return grant.granted
    } catch (error) {
      turn[Symbol.dispose]()
      onChange()
      throw error
    }
  }

  function endAll(message: string): void {
    const reason = new AppError('worker.refused', message)
    queue.close(reason)
    running?.end(reason)
  }

  const figures = (): LendingFigures => ({
    lentBytes: running?.facts().memoryBytes ?? 0,
    lendableBytes: offer.lends()?.memoryBytes ?? 0,
    waiting: queue.waiting().length,
    cachedWeightBytes: deps.weights?.sizes().bytes ?? 0,
  })

  return {
    lends: offer.lends,
    async take(peerId, words, options) {
      try {
        return await take(peerId, words, options)
      } catch (thrown) {
        const { code, message: reason } = AppError.from(thrown, 'internal')
        if (!options.signal.aborted) metrics.leaseRefused({ side: 'lent', code })
        log.debug({ peerId, model: words.model, code, reason }, 'memory not lent')
        throw thrown
      }
    },
    status: () => ({
      rules: rules(),
      lends: offer.lends(),
      because: offer.obstacle(),
      lease: running?.facts(),
      waiting: queue.waiting(),
      cache: deps.weights?.sizes(),
    }),
    rulesChanged() {
      if (rules().enabled) queue.open()
      else endAll('this node lends its memory no more')
      const user = running?.facts()
      if (user !== undefined && !isNamed(user, rules().to)) {
        running?.end(new AppError('worker.refused', 'this node lends its memory to others now'))
      }
      onChange()
    },
    async start() {
      stopped = undefined
      metrics.followLending(figures)
    },
    async stop() {
      stopped = 'this node is stopping'
      endAll(stopped)
      await running?.over
    },
  }
}
