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
import { memoryInUse } from './memory-in-use.ts'
import type { AcquireOptions, LoadedModel, ModelLease, ModelLoader } from './model-lease.ts'
import { DEFAULT_MODEL_LIMITS, type ModelLimits } from './model-limits.ts'
import { LOCALAI_DEFAULTS, loadFingerprint, type ModelOptionDefaults, toModelOptions } from './model-options.ts'
import type { ModelPlacement, PlaceModel } from './model-placement.ts'
import { ModelSlot } from './model-slot.ts'
import { createModelWatch, type ModelWatch } from './model-watch.ts'
import { bringUpPlaced } from './placed-backend.ts'
import { DEFAULT_RESTART_POLICY } from './process-state.ts'
import { bringUpBackend, type RunningBackend } from './running-backend.ts'
import { createTurnstile } from './turnstile.ts'
import { waitForLoad } from './wait-for-load.ts'
import type { WatchedModel } from './watchdog.ts'
import { withTimeout } from './with-timeout.ts'

export interface ModelLoaderDeps {
  readonly log: Logger
  readonly catalog: BackendCatalog
  /** Rejects with the reason when a GGUF file is not one that a backend may be given. */
  readonly validate: (file: string, options?: ValidateOptions) => Promise<unknown>
  readonly clock?: Clock
  readonly random?: () => number
  readonly events?: ModelLoaderEvents
  /** The part of the memory that is in use, from 0 to 1; by default the machine's. */
  readonly memoryInUse?: () => number
  /** For our own backends; absent: every model runs on this machine alone. */
  readonly place?: PlaceModel
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

export interface ModelLoaderInit extends Partial<ModelLimits> {
  /** The node's own environment, of which a backend process gets a little. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly modelsPath: string
  /** What a model's config leaves open; absent: LocalAI's values, and for our own backends 0, which means: decide. */
  readonly defaults?: Partial<Omit<ModelOptionDefaults, 'modelsPath'>>
  /** After a failed load; doubles each time, to five minutes. */
  readonly loadFailureCooldownMs?: number
  readonly loadTimeoutMs?: number
  /** Between SIGTERM and SIGKILL. */
  readonly stopGraceMs?: number
}

const LOADER_DEFAULTS = {
  ...DEFAULT_MODEL_LIMITS,
  defaults: {},
  loadFailureCooldownMs: DEFAULT_RESTART_POLICY.startBackOffMs,
  loadTimeoutMs: 15 * 60_000,
  stopGraceMs: 5_000,
} satisfies Partial<ModelLoaderInit>

export interface ConfigurableLoader extends ModelLoader, Startable {
  /** Changes limits from now on: who is in memory meanwhile leaves as the new ones say. */
  configure(limits: Partial<ModelLimits>): void
}

/** The models in memory: who is loaded, who is loaded next, and who goes for it. */
export function createModelLoader(deps: ModelLoaderDeps, init: ModelLoaderInit): ConfigurableLoader {
  return new Loader(deps, { ...LOADER_DEFAULTS, ...init })
}

class Loader implements ConfigurableLoader {
  readonly #deps: ModelLoaderDeps
  #init: Required<ModelLoaderInit>
  readonly #clock: Clock
  readonly #slots = new Map<string, ModelSlot>()
  /** Models that take up memory, or are about to. */
  readonly #occupants = new Set<ModelSlot>()
  /** Models whose backend has died since they were last loaded. */
  readonly #died = new WeakSet<ModelSlot>()
  /** Settles at the next change of any model. */
  #change = Promise.withResolvers<void>()
  readonly #turnstile = createTurnstile()
  readonly #watch: ModelWatch
  /** Configs live until the models are read again, and so does what was made of them. */
  readonly #fingerprints = new WeakMap<ModelConfig, string>()
  #running = false
  #stopping = false

  constructor(deps: ModelLoaderDeps, init: Required<ModelLoaderInit>) {
    this.#deps = deps
    this.#init = init
    this.#clock = deps.clock ?? SYSTEM_CLOCK
    this.#watch = createModelWatch({
      log: deps.log,
      clock: this.#clock,
      memoryInUse: deps.memoryInUse ?? memoryInUse,
      limits: () => this.#init,
      models: () => [...this.#occupants].filter(({ pid }) => pid !== undefined).map((slot) => this.#toOccupant(slot)),
      stop: (id, reason, options) => void this.#slots.get(id)?.stop(reason, options),
    })
  }

  async start(): Promise<void> {
    this.#stopping = false
    this.#running = true
    this.#watch.restart()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#running = false
    this.#watch.stop()
    await Promise.all([...this.#slots.values()].map((slot) => slot.stop('shutdown', { force: true })))
  }

  configure(limits: Partial<ModelLimits>): void {
    this.#init = { ...this.#init, ...limits }
    if (this.#running) this.#watch.restart()
    // Who waits for room may have it now.
    this.#announceChange()
  }

  async acquire(config: ModelConfig, options: AcquireOptions = {}): Promise<ModelLease> {
    this.#refuseWhenStopping()
    const { serialRequests: serial } = this.#init
    const slot = this.#slotOf(config.name)
    if (options.aside === true || (!serial && config.limits === undefined))
      return await this.#waitFor(slot, config, options)
    const place = await this.#turnstile.enter(config.name, { ...config.limits, serial }, options)
    try {
      const { client, backend, [Symbol.dispose]: giveBack } = await this.#waitFor(slot, config, options)
      return {
        client,
        backend,
        [Symbol.dispose]() {
          giveBack()
          place[Symbol.dispose]()
        },
      }
    } catch (error) {
      place[Symbol.dispose]()
      throw error
    }
  }

  #refuseWhenStopping(): void {
    if (this.#stopping) throw new AppError('node.stopping', 'the node is stopping')
  }

  async #waitFor(slot: ModelSlot, config: ModelConfig, options: AcquireOptions): Promise<ModelLease> {
    if (slot.serves(config, options)) return await slot.acquire(config, options)
    return await waitForLoad((signal) => slot.acquire(config, { ...options, signal }), {
      ...{ model: slot.id, waitMs: this.#init.loadWaitMs },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
  }

  loaded(): readonly LoadedModel[] {
    return [...this.#slots.values()].flatMap((slot) => slot.describe() ?? [])
  }

  async unload(model: string, options: AbortOptions & { readonly force?: boolean } = {}): Promise<boolean> {
    const slot = this.#slots.get(model)
    if (slot === undefined) return false
    return await raceSignal(slot.stop('unload', { force: options.force ?? this.#init.forceUnload }), options.signal)
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
        fingerprint: (config) => this.#fingerprintOf(config),
        changed: () => this.#onChange(slot),
      },
      { id, stopGraceMs, restart: { ...DEFAULT_RESTART_POLICY, startBackOffMs: loadFailureCooldownMs } },
    )
    this.#slots.set(id, slot)
    return slot
  }

  #onChange(slot: ModelSlot): void {
    if (slot.phase === 'stopped' || slot.phase === 'failed') this.#occupants.delete(slot)
    this.#announceChange()
  }

  #announceChange(): void {
    const { resolve } = this.#change
    this.#change = Promise.withResolvers()
    resolve()
  }

  #fingerprintOf(config: ModelConfig): string {
    const known = this.#fingerprints.get(config)
    if (known !== undefined) return known
    const fingerprint = loadFingerprint(config, this.#optionDefaults(LOCALAI_DEFAULTS))
    this.#fingerprints.set(config, fingerprint)
    return fingerprint
  }

  async #bringUp(
    slot: ModelSlot,
    config: ModelConfig,
    life: { readonly signal: AbortSignal; onGone(error: AppError): void },
  ): Promise<RunningBackend> {
    // Whoever waited in line, or for a model to leave, comes only now.
    this.#refuseWhenStopping()
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
    await this.#takePlace(slot, config, signal)
    const log = this.#deps.log.child({ model: slot.id, backend: target.name })
    log.info('loading model')
    const undecided = {
      contextSize: 0,
      threads: 0,
      batch: LOCALAI_DEFAULTS.batch,
      gpuLayers: LOCALAI_DEFAULTS.gpuLayers,
    }
    const defaults = this.#optionDefaults(target.builtin ? undecided : LOCALAI_DEFAULTS)
    const deps = { log, clock: this.#clock, environment: this.#init.environment, modelsPath: this.#init.modelsPath }
    const type = target.type === undefined ? {} : { type: target.type }
    const bringUp = async (placement: ModelPlacement | undefined): Promise<RunningBackend> => {
      const init = {
        model: slot.id,
        target: inEnvironment(target, placement),
        options: { ...toModelOptions(config, { defaults, random, ...type }), ...placement?.options },
        readyTimeoutMs: config.readyTimeoutMs,
        loadTimeoutMs: this.#init.loadTimeoutMs,
        stopGraceMs: this.#init.stopGraceMs,
        onGone,
        ...(placement?.lost === undefined ? {} : { lost: placement.lost }),
      }
      return await bringUpBackend(deps, init, { signal })
    }
    const place = target.builtin ? this.#deps.place : undefined
    return await bringUpPlaced({ log, place, bringUp }, config, { signal })
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
  async #takePlace(slot: ModelSlot, config: ModelConfig, signal: AbortSignal): Promise<void> {
    const { lruEvictionMaxRetries, lruEvictionRetryIntervalMs } = this.#init
    const settle = async (limited: AbortSignal): Promise<void> => {
      for (;;) {
        limited.throwIfAborted()
        const { maxActiveBackends, forceEvictionWhenBusy: force } = this.#init
        const decision = makeRoom(
          [...this.#occupants].map((occupant) => this.#toOccupant(occupant)),
          { maxActive: maxActiveBackends, force, groups: config.concurrencyGroups ?? [] },
        )
        if (decision.type === 'room') break
        const stopped =
          decision.type === 'evict'
            ? Promise.all(decision.ids.map((id) => this.#slots.get(id)?.stop('evicted', { force })))
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
          `no room for model ${slot.id}: the models that would have to leave for it are busy`,
        ),
    })
  }

  #toOccupant({ id, phase, inFlight, lastUsed, busySince, config }: ModelSlot): Occupant & WatchedModel {
    const { pinned = false, concurrencyGroups: groups = [] } = config ?? {}
    return {
      ...{ id, inFlight, lastUsed, pinned, groups },
      phase: phase === 'stopping' || phase === 'ready' ? phase : 'starting',
      ...(busySince === undefined ? {} : { busySince }),
    }
  }
}

/** The environment of a backend's process says where its model is. */
function inEnvironment(target: BackendTarget, placement: ModelPlacement | undefined): BackendTarget {
  if (placement === undefined || target.kind !== 'program') return target
  const environment = { ...target.program.environment, ...placement.environment }
  return { ...target, program: { ...target.program, environment } }
}
