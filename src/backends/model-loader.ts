import { resolve } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import { type AbortOptions, raceSignal } from '../base/signals.ts'
import type { GgufKind } from '../models/gguf/summarize-gguf.ts'
import type { ModelConfig } from '../models/model-config.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type BackendCatalog, type BackendTarget, isGgufFile } from './backend-catalog.ts'
import { type Clock, SYSTEM_CLOCK } from './clock.ts'
import { makeRoom, type Occupant } from './eviction.ts'
import type { LoadedModel, ModelLease, ModelLoader } from './model-lease.ts'
import { LOCALAI_DEFAULTS, loadFingerprint, type ModelOptionDefaults, toModelOptions } from './model-options.ts'
import { ModelSlot } from './model-slot.ts'
import { DEFAULT_RESTART_POLICY } from './process-state.ts'
import { bringUpBackend, type RunningBackend } from './running-backend.ts'
import { overdueModels, type WatchedModel } from './watchdog.ts'
import { withTimeout } from './with-timeout.ts'

export interface ModelLoaderDeps {
  readonly log: Logger
  readonly catalog: BackendCatalog
  /** Rejects with the reason when a GGUF file is not one that a backend may be given. */
  readonly validate: (file: string, options?: ValidateOptions) => Promise<unknown>
  readonly clock?: Clock
  readonly random?: () => number
  readonly events?: ModelLoaderEvents
}

export interface ValidateOptions extends AbortOptions {
  /** The only kind that will do; absent: any. */
  readonly kind?: GgufKind
}

/** For telemetry, whose metrics fit here as they are. */
export interface ModelLoaderEvents {
  modelLoaded(fact: { readonly model: string; readonly backend: string; readonly seconds: number }): void
  /** Loaded again after its backend had died. */
  backendRestarted(fact: { readonly model: string; readonly backend: string }): void
}

export interface ModelLoaderInit {
  /** The node's own environment, of which a backend process gets a little. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly modelsPath: string
  /** What a model's config leaves open; absent: LocalAI's values, and for our own backends 0, which means: decide. */
  readonly defaults?: Partial<Omit<ModelOptionDefaults, 'modelsPath'>>
  /** 0: no limit. Beyond it the least recently used idle model is unloaded. */
  readonly maxActiveBackends?: number
  readonly forceEvictionWhenBusy?: boolean
  /** A load waits at most retries x interval for a busy model to become idle; then `node.overloaded`. */
  readonly lruEvictionMaxRetries?: number
  readonly lruEvictionRetryIntervalMs?: number
  readonly enableWatchdogIdle?: boolean
  readonly watchdogIdleTimeoutMs?: number
  readonly enableWatchdogBusy?: boolean
  readonly watchdogBusyTimeoutMs?: number
  readonly watchdogIntervalMs?: number
  /** After a failed load; doubles each time, to five minutes. */
  readonly loadFailureCooldownMs?: number
  readonly loadTimeoutMs?: number
  /** Between SIGTERM and SIGKILL. */
  readonly stopGraceMs?: number
}

const LOADER_DEFAULTS = {
  defaults: {},
  maxActiveBackends: 0,
  forceEvictionWhenBusy: false,
  lruEvictionMaxRetries: 30,
  lruEvictionRetryIntervalMs: 1_000,
  enableWatchdogIdle: false,
  watchdogIdleTimeoutMs: 15 * 60_000,
  enableWatchdogBusy: false,
  watchdogBusyTimeoutMs: 5 * 60_000,
  watchdogIntervalMs: 500,
  loadFailureCooldownMs: DEFAULT_RESTART_POLICY.startBackOffMs,
  loadTimeoutMs: 15 * 60_000,
  stopGraceMs: 5_000,
} satisfies Partial<ModelLoaderInit>

/** The models in memory: who is loaded, who is loaded next, and who goes for it. */
export function createModelLoader(deps: ModelLoaderDeps, init: ModelLoaderInit): ModelLoader & Startable {
  return new Loader(deps, { ...LOADER_DEFAULTS, ...init })
}

class Loader implements ModelLoader, Startable {
  readonly #deps: ModelLoaderDeps
  readonly #init: Required<ModelLoaderInit>
  readonly #clock: Clock
  readonly #slots = new Map<string, ModelSlot>()
  /** Models that take up memory, or are about to. */
  readonly #occupants = new Set<ModelSlot>()
  /** Models whose backend has died since they were last loaded. */
  readonly #died = new WeakSet<ModelSlot>()
  /** Settles at the next change of any model. */
  #change = Promise.withResolvers<void>()
  #stopWatchdog: () => void = () => {}
  #stopping = false

  constructor(deps: ModelLoaderDeps, init: Required<ModelLoaderInit>) {
    this.#deps = deps
    this.#init = init
    this.#clock = deps.clock ?? SYSTEM_CLOCK
  }

  async start(): Promise<void> {
    this.#stopping = false
    const { enableWatchdogIdle, enableWatchdogBusy, watchdogIntervalMs } = this.#init
    if (!enableWatchdogIdle && !enableWatchdogBusy) return
    this.#stopWatchdog()
    this.#stopWatchdog = this.#clock.every(watchdogIntervalMs, () => this.#watch())
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#stopWatchdog()
    await Promise.all([...this.#slots.values()].map((slot) => slot.stop('shutdown', { force: true })))
  }

  async acquire(config: ModelConfig, options: AbortOptions = {}): Promise<ModelLease> {
    if (this.#stopping) throw new AppError('node.stopping', 'the node is stopping')
    return await this.#slotOf(config.name).acquire(config, options)
  }

  loaded(): readonly LoadedModel[] {
    return [...this.#slots.values()].flatMap((slot) => slot.describe() ?? [])
  }

  async unload(model: string, options: AbortOptions & { readonly force?: boolean } = {}): Promise<boolean> {
    const slot = this.#slots.get(model)
    if (slot === undefined) return false
    return await raceSignal(slot.stop('unload', { force: options.force ?? false }), options.signal)
  }

  #slotOf(id: string): ModelSlot {
    const known = this.#slots.get(id)
    if (known !== undefined) return known
    const { loadFailureCooldownMs, stopGraceMs } = this.#init
    const slot: ModelSlot = new ModelSlot(
      {
        log: this.#deps.log.child({ model: id }),
        clock: this.#clock,
        bringUp: (config, life) => this.#bringUp(slot, config, life),
        fingerprint: (config) => loadFingerprint(config, this.#optionDefaults(LOCALAI_DEFAULTS)),
        changed: () => this.#onChange(slot),
      },
      { id, stopGraceMs, restart: { ...DEFAULT_RESTART_POLICY, startBackOffMs: loadFailureCooldownMs } },
    )
    this.#slots.set(id, slot)
    return slot
  }

  #onChange(slot: ModelSlot): void {
    if (slot.phase === 'stopped' || slot.phase === 'failed') this.#occupants.delete(slot)
    const { resolve } = this.#change
    this.#change = Promise.withResolvers()
    resolve()
  }

  async #bringUp(
    slot: ModelSlot,
    config: ModelConfig,
    life: { readonly signal: AbortSignal; onGone(error: AppError): void },
  ): Promise<RunningBackend> {
    const began = this.#clock.now()
    const { events } = this.#deps
    const onGone = (error: AppError): void => {
      this.#died.add(slot)
      life.onGone(error)
    }
    const running = await this.#load(slot, config, { signal: life.signal, onGone })
    const fact = { model: slot.id, backend: running.name }
    events?.modelLoaded({ ...fact, seconds: (this.#clock.now() - began) / 1000 })
    if (this.#died.delete(slot)) events?.backendRestarted(fact)
    return running
  }

  async #load(
    slot: ModelSlot,
    config: ModelConfig,
    { signal, onGone }: { readonly signal: AbortSignal; onGone(error: AppError): void },
  ): Promise<RunningBackend> {
    const { catalog, random = Math.random } = this.#deps
    const target = await catalog.resolve(config.backend, config.modelFile, { signal })
    // A bad file must not cost another model its place, nor abort a process.
    await this.#checkFiles(config, target, signal)
    await this.#takePlace(slot, signal)
    const log = this.#deps.log.child({ model: slot.id, backend: target.name })
    log.info('loading model')
    const undecided = {
      contextSize: 0,
      threads: 0,
      batch: LOCALAI_DEFAULTS.batch,
      gpuLayers: LOCALAI_DEFAULTS.gpuLayers,
    }
    const defaults = this.#optionDefaults(target.builtin ? undecided : LOCALAI_DEFAULTS)
    return await bringUpBackend(
      { log, clock: this.#clock, environment: this.#init.environment, modelsPath: this.#init.modelsPath },
      {
        model: slot.id,
        target,
        options: toModelOptions(config, {
          defaults,
          random,
          ...(target.type === undefined ? {} : { type: target.type }),
        }),
        readyTimeoutMs: config.readyTimeoutMs,
        loadTimeoutMs: this.#init.loadTimeoutMs,
        stopGraceMs: this.#init.stopGraceMs,
        onGone,
      },
      { signal },
    )
  }

  async #checkFiles(config: ModelConfig, target: BackendTarget, signal: AbortSignal): Promise<void> {
    const inModels = (file: string): string => resolve(this.#init.modelsPath, file)
    const files: readonly { readonly file: string; readonly kind?: GgufKind }[] = [
      { file: config.modelFile, ...(target.name === 'llama-cpp' ? { kind: 'model' } : {}) },
      ...(config.mmproj === undefined ? [] : [{ file: inModels(config.mmproj), kind: 'projector' } as const]),
      ...config.loraAdapters.map(({ file }) => ({ file: inModels(file), kind: 'adapter' }) as const),
    ]
    for (const { file, kind } of files) {
      if (await isGgufFile(file)) await this.#deps.validate(file, { signal, ...(kind === undefined ? {} : { kind }) })
    }
  }

  #optionDefaults(base: Omit<ModelOptionDefaults, 'modelsPath'>): ModelOptionDefaults {
    return { ...base, ...this.#init.defaults, modelsPath: this.#init.modelsPath }
  }

  /** Returns when the model may be loaded beside those in memory, after unloading whom it had to. */
  async #takePlace(slot: ModelSlot, signal: AbortSignal): Promise<void> {
    const { maxActiveBackends, forceEvictionWhenBusy, lruEvictionMaxRetries, lruEvictionRetryIntervalMs } = this.#init
    const settle = async (limited: AbortSignal): Promise<void> => {
      for (;;) {
        limited.throwIfAborted()
        const decision = makeRoom([...this.#occupants].map(toOccupant), {
          maxActive: maxActiveBackends,
          force: forceEvictionWhenBusy,
        })
        if (decision.type === 'room') break
        const stopped =
          decision.type === 'evict'
            ? Promise.all(
                decision.ids.map((id) => this.#slots.get(id)?.stop('evicted', { force: forceEvictionWhenBusy })),
              )
            : this.#change.promise
        await raceSignal<unknown>(stopped, limited)
      }
      this.#occupants.add(slot)
    }
    await withTimeout(settle, {
      signal,
      timeoutMs: lruEvictionMaxRetries * lruEvictionRetryIntervalMs,
      reason: () =>
        new AppError(
          'node.overloaded',
          `no room for model ${slot.id}: ${maxActiveBackends} models are loaded and busy`,
        ),
    })
  }

  #watch(): void {
    const { enableWatchdogIdle, watchdogIdleTimeoutMs, enableWatchdogBusy, watchdogBusyTimeoutMs } = this.#init
    const watched = [...this.#slots.values()].filter((slot) => slot.phase === 'ready' && slot.pid !== undefined)
    const overdue = overdueModels(
      watched.map(toWatched),
      {
        ...(enableWatchdogIdle ? { idleTimeoutMs: watchdogIdleTimeoutMs } : {}),
        ...(enableWatchdogBusy ? { busyTimeoutMs: watchdogBusyTimeoutMs } : {}),
      },
      this.#clock.now(),
    )
    for (const { id, reason } of overdue) void this.#slots.get(id)?.stop(reason, { force: reason === 'busy' })
  }
}

function toOccupant(slot: ModelSlot): Occupant {
  const { id, phase, inFlight, lastUsed } = slot
  return { id, phase: phase === 'stopping' || phase === 'ready' ? phase : 'starting', inFlight, lastUsed }
}

function toWatched({ id, busySince, lastUsed }: ModelSlot): WatchedModel {
  return { id, lastUsed, ...(busySince === undefined ? {} : { busySince }) }
}
