import { AppError } from '../base/errors.ts'
import { raceSignal } from '../base/signals.ts'
import type { ModelConfig } from '../models/model-config.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Clock } from './clock.ts'
import type { AcquireOptions, LoadedModel, ModelLease } from './model-lease.ts'
import {
  INITIAL_STATE,
  nextState,
  type ProcessEvent,
  type ProcessState,
  type RestartPolicy,
  refusal,
} from './process-state.ts'
import type { RunningBackend } from './running-backend.ts'

export interface SlotDeps {
  /** A child that knows the model's name. */
  readonly log: Logger
  readonly clock: Clock
  /** Brings a backend up with the model in it; leaves nothing behind when it rejects. */
  bringUp(
    config: ModelConfig,
    init: { readonly signal: AbortSignal; onGone(error: AppError): void },
  ): Promise<RunningBackend>
  /** Equal for configs that load alike. */
  fingerprint(config: ModelConfig): string
  /** Something has changed that somebody may be waiting for: a lease was returned, or the phase is another. */
  changed(): void
}

export interface SlotInit {
  readonly id: string
  readonly restart: RestartPolicy
  readonly stopGraceMs: number
}

export type StopReason = 'unload' | 'evicted' | 'idle' | 'busy' | 'memory' | 'config-changed' | 'shutdown'

/** Failures that are not the backend's: trying again at once costs nothing, so nobody has to wait for it. */
const BLAMELESS = /^(model|request|config|node|worker)\.|^backend\.not-found$/

/** One time of being loaded, with the requests that use it. */
interface Run {
  readonly backend: RunningBackend
  readonly fingerprint: string
  readonly leases: Set<{ readonly since: number }>
  /** Settles when nothing uses it any more, or nobody cares. */
  readonly unused: PromiseWithResolvers<void>
}

interface Waiter {
  readonly grant: (lease: ModelLease) => void
  readonly refuse: (error: unknown) => void
}

/**
 * One model's place in memory: applies `process-state.ts` to a backend. One load however many wait; a load that nobody
 * waits for any more is called off; a running backend goes only after its requests, or by force.
 */
export class ModelSlot {
  readonly id: string
  readonly #deps: SlotDeps
  readonly #init: SlotInit
  #state: ProcessState = INITIAL_STATE
  #run: Run | undefined
  #config: ModelConfig | undefined
  #backendName = ''
  /** The fingerprint of what is loaded, or was tried last. */
  #loadsAs = ''
  #lastUsed = 0
  readonly #waiters = new Set<Waiter>()
  #callOffLoad = new AbortController()
  /** While starting: settles, never rejects, when the load has succeeded, failed or been called off. */
  #loadOver: Promise<void> = Promise.resolve()
  /** While stopping: settles, never rejects, when it has stopped. */
  #stopped: Promise<void> = Promise.resolve()

  constructor(deps: SlotDeps, init: SlotInit) {
    this.#deps = deps
    this.#init = init
    this.id = init.id
  }

  get phase(): ProcessState['phase'] {
    return this.#state.phase
  }

  get inFlight(): number {
    return this.#run?.leases.size ?? 0
  }

  /** What it was last asked with. */
  get config(): ModelConfig | undefined {
    return this.#config
  }

  get lastUsed(): number {
    return this.#lastUsed
  }

  /** When the oldest request that still runs began. */
  get busySince(): number | undefined {
    return this.#run?.leases.values().next().value?.since
  }

  /** Absent: nothing runs, or it is not a process of ours. */
  get pid(): number | undefined {
    return this.#run?.backend.pid
  }

  describe(): LoadedModel | undefined {
    const { phase } = this.#state
    if (phase === 'stopped') return undefined
    const pid = this.pid
    return {
      id: this.id,
      backend: this.#backendName,
      phase,
      inFlight: this.inFlight,
      ...(pid === undefined ? {} : { pid }),
    }
  }

  /** Whether whoever asks like this has to wait for nothing. */
  serves(asked: ModelConfig, { aside = false }: AcquireOptions): boolean {
    const config = this.#newest(asked, aside)
    return this.#state.phase === 'ready' && this.#run?.fingerprint === this.#deps.fingerprint(config)
  }

  async acquire(asked: ModelConfig, { signal, aside = false }: AcquireOptions): Promise<ModelLease> {
    for (;;) {
      signal?.throwIfAborted()
      const config = this.#newest(asked, aside)
      this.#config = config
      const run = this.#run
      const { phase } = this.#state
      if (phase === 'stopping') await raceSignal(this.#stopped, signal)
      else if (phase === 'ready' && run !== undefined) {
        if (run.fingerprint === this.#deps.fingerprint(config)) return this.#lease(run, aside)
        // What runs goes on with the config it began with; the next ones wait for the new one.
        void this.stop('config-changed', { force: false })
      } else if (phase === 'starting' && this.#loadsAs !== this.#deps.fingerprint(config)) {
        // Those who wait for what is loaded now get it first.
        await raceSignal(this.#loadOver, signal)
      } else {
        if (phase !== 'starting') this.#begin(config)
        return await this.#waitForLoad(signal)
      }
    }
  }

  /** Resolves when nothing runs any more: after the running requests or, with `force`, at once. */
  async stop(reason: StopReason, { force }: { readonly force: boolean }): Promise<boolean> {
    if (this.#state.phase === 'starting') {
      if (force) this.#callOff(new AppError('backend.load-failed', `model ${this.id} was stopped while it was loading`))
      else await this.#loadOver
    }
    const run = this.#run
    if (this.#state.phase === 'ready' && run !== undefined) {
      this.#apply({ type: 'stop' })
      this.#deps.log.info({ reason, inFlight: run.leases.size }, 'unloading model')
      this.#stopped = this.#shutDown(run)
    }
    if (this.#state.phase !== 'stopping') return false
    if (force) run?.unused.resolve()
    await this.#stopped
    return true
  }

  /** A request that began before the models were read again must not bring back the config of then. */
  #newest(asked: ModelConfig, aside: boolean): ModelConfig {
    const isStale = aside || revisionOf(asked) < revisionOf(this.#config)
    return isStale ? (this.#config ?? asked) : asked
  }

  #apply(event: ProcessEvent): void {
    this.#state = nextState(this.#state, event, this.#init.restart)
    this.#deps.changed()
  }

  #begin(config: ModelConfig): void {
    const at = this.#deps.clock.now()
    const fingerprint = this.#deps.fingerprint(config)
    if (fingerprint !== this.#loadsAs) this.#apply({ type: 'changed' })
    const refused = refusal(this.#state, this.id, at)
    if (refused !== undefined) throw refused
    this.#backendName = config.backend ?? 'llama-cpp'
    this.#loadsAs = fingerprint
    this.#callOffLoad = new AbortController()
    this.#apply({ type: 'start', at })
    this.#loadOver = this.#load(config, this.#callOffLoad.signal)
  }

  async #load(config: ModelConfig, signal: AbortSignal): Promise<void> {
    const { log } = this.#deps
    const life: { run?: Run; lost?: AppError } = {}
    try {
      const backend = await this.#deps.bringUp(config, {
        signal,
        onGone: (error) => {
          life.lost = error
          if (life.run !== undefined) this.#onDeath(life.run, error)
        },
      })
      if (signal.aborted || life.lost !== undefined)
        await backend.stop({ graceMs: this.#init.stopGraceMs, polite: false })
      signal.throwIfAborted()
      if (life.lost !== undefined) throw life.lost
      life.run = {
        backend,
        fingerprint: this.#deps.fingerprint(config),
        leases: new Set(),
        unused: Promise.withResolvers(),
      }
      log.debug({ backend: backend.name, process: backend.pid }, 'model in memory')
      this.#onLoaded(life.run)
    } catch (error) {
      this.#onLoadFailed(error)
    }
  }

  #onLoaded(run: Run): void {
    const at = this.#deps.clock.now()
    this.#run = run
    this.#lastUsed = at
    this.#apply({ type: 'loaded', at })
    // All at once: nobody can take the model away between the load and the lease.
    for (const waiter of this.#waiters) waiter.grant(this.#lease(run))
    this.#waiters.clear()
  }

  #onLoadFailed(thrown: unknown): void {
    const error = AppError.from(thrown, 'backend.load-failed')
    const calledOff = this.#state.phase === 'stopping'
    if (calledOff || BLAMELESS.test(error.code)) this.#apply({ type: 'stopped' })
    else this.#apply({ type: 'start-failed', at: this.#deps.clock.now(), error })
    if (!calledOff) this.#deps.log.warn({ err: error, details: error.details }, 'model not loaded')
    for (const waiter of this.#waiters) waiter.refuse(error)
    this.#waiters.clear()
  }

  #onDeath(run: Run, error: AppError): void {
    if (this.#run !== run) return
    run.unused.resolve()
    if (this.#state.phase !== 'ready') return
    this.#run = undefined
    this.#apply({ type: 'died', at: this.#deps.clock.now(), error })
    this.#deps.log.error({ err: error, details: error.details, inFlight: run.leases.size }, 'backend died')
    void run.backend.stop({ graceMs: 0, polite: false })
  }

  #waitForLoad(signal: AbortSignal | undefined): Promise<ModelLease> {
    const { promise, resolve, reject } = Promise.withResolvers<ModelLease>()
    const onAbort = (): void => {
      this.#waiters.delete(waiter)
      reject(signal?.reason)
      if (this.#waiters.size === 0) this.#callOff(signal?.reason)
    }
    const waiter: Waiter = {
      grant: (lease) => {
        signal?.removeEventListener('abort', onAbort)
        resolve(lease)
      },
      refuse: (error) => {
        signal?.removeEventListener('abort', onAbort)
        reject(error)
      },
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#waiters.add(waiter)
    return promise
  }

  /** Nobody wants this load any more: whoever comes now waits for its end and begins anew. */
  #callOff(reason: unknown): void {
    if (this.#state.phase !== 'starting') return
    for (const waiter of this.#waiters) waiter.refuse(reason)
    this.#waiters.clear()
    this.#apply({ type: 'stop' })
    this.#stopped = this.#loadOver
    this.#callOffLoad.abort(reason)
  }

  /** `aside` is no use of the model: it may be idle for all that. */
  #lease(run: Run, aside = false): ModelLease {
    const held = { since: this.#deps.clock.now() }
    run.leases.add(held)
    if (!aside) this.#lastUsed = held.since
    return {
      client: run.backend.client,
      backend: this.#backendName,
      [Symbol.dispose]: () => {
        if (!run.leases.delete(held)) return
        if (!aside) this.#lastUsed = this.#deps.clock.now()
        if (this.#state.phase === 'stopping' && run.leases.size === 0) run.unused.resolve()
        this.#deps.changed()
      },
    }
  }

  async #shutDown(run: Run): Promise<void> {
    if (run.leases.size > 0) await run.unused.promise
    const polite = run.leases.size === 0
    await run.backend.stop({ graceMs: this.#init.stopGraceMs, polite })
    this.#run = undefined
    this.#apply({ type: 'stopped' })
  }
}

function revisionOf(config: ModelConfig | undefined): number {
  return config?.revision ?? 0
}
