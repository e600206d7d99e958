import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { UpstreamMetrics, UpstreamOutcome } from '../telemetry/upstream-metrics.ts'
import type { UpstreamHttp } from './http/upstream-http.ts'
import { nextLookMs, POLLING_DEFAULTS, type PollingInit } from './polling.ts'
import { isAsFound, listModels, probeUpstream } from './probe/probe-upstream.ts'
import { FIRST_SLOTS, type LearnedSlots, learnSlots } from './slots.ts'
import type { UpstreamConfig } from './upstream-config.ts'
import type { UpstreamFindings, UpstreamModel } from './upstream-model.ts'

export interface UpstreamDeps {
  readonly log: Pick<Logger, 'info' | 'warn' | 'debug'>
  readonly http: UpstreamHttp
  readonly metrics: UpstreamMetrics
  /** Its models, or whether it is there, are others than before. */
  readonly changed: () => void
  /** Milliseconds of a clock that never goes back; by default the process's. */
  readonly now?: () => number
  /** By default the process's timers. */
  readonly wait?: (ms: number, options: Required<AbortOptions>) => Promise<unknown>
  readonly random?: () => number
}

export type UpstreamPhase = 'connecting' | 'up' | 'down'

/** One attached server: looked at again and again, and known by what was found last. */
export interface Upstream extends Startable {
  readonly name: string
  readonly config: UpstreamConfig
  readonly http: UpstreamHttp
  readonly phase: UpstreamPhase
  /** Why it is not up. */
  readonly problem: string | undefined
  readonly findings: UpstreamFindings | undefined
  /** Requests that run there for this node. */
  readonly inFlight: number
  /** Answers that it gives at the same time: as it says itself, or as it was learned. */
  readonly slots: number
  /** Until then it wants no more requests, on the clock of `now`. */
  readonly restsUntil: number
  /** Resolves after the first look, whatever it found, and never before `start`. */
  readonly looked: Promise<void>
  begin(): RunningRequest
  /** Somebody has reason to think that it is not as it was found last. */
  lookSoon(): void
}

export interface RunningRequest extends Disposable {
  /** With its failure, if it failed: something is learned of either. Who is disposed without it was called off. */
  ended(error?: unknown): void
}

/** In a row, where the server is there and does not answer as it should. */
const MOST_FAILURES = 2

export function createUpstream(
  deps: UpstreamDeps,
  config: UpstreamConfig,
  polling: PollingInit = POLLING_DEFAULTS,
): Upstream {
  return new AttachedUpstream(deps, config, polling)
}

class AttachedUpstream implements Upstream {
  readonly config: UpstreamConfig
  readonly #deps: Required<UpstreamDeps>
  readonly #polling: PollingInit
  readonly #firstLook = Promise.withResolvers<void>()
  #phase: UpstreamPhase = 'connecting'
  #problem: string | undefined
  #findings: UpstreamFindings | undefined
  #known: ReadonlyMap<string, UpstreamModel> = new Map()
  #failures = 0
  #inFlight = 0
  #learned: LearnedSlots = { slots: FIRST_SLOTS }
  #restsUntil = Number.NEGATIVE_INFINITY
  #stopping = new AbortController()
  #running: Promise<void> | undefined
  #look = Promise.withResolvers<void>()

  constructor(deps: UpstreamDeps, config: UpstreamConfig, polling: PollingInit) {
    this.#deps = {
      now: () => performance.now(),
      wait: (ms, options) => delay(ms, undefined, options),
      random: Math.random,
      ...deps,
    }
    this.config = config
    this.#polling = polling
  }

  get name(): string {
    return this.config.name
  }
  get http(): UpstreamHttp {
    return this.#deps.http
  }
  get phase(): UpstreamPhase {
    return this.#phase
  }
  get problem(): string | undefined {
    return this.#problem
  }
  get findings(): UpstreamFindings | undefined {
    return this.#findings
  }
  get inFlight(): number {
    return this.#inFlight
  }
  get slots(): number {
    return this.#findings?.slots ?? this.#learned.slots
  }
  get restsUntil(): number {
    return this.#restsUntil
  }
  get looked(): Promise<void> {
    return this.#firstLook.promise
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#running ??= this.#watch(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new AppError('node.stopping', 'the node is stopping'))
    await this.#running
    this.#running = undefined
    await this.#deps.http.close()
  }

  begin(): RunningRequest {
    this.#inFlight += 1
    const running = this.#inFlight
    let over = false
    const end = (outcome: UpstreamOutcome): void => {
      if (over) return
      over = true
      this.#inFlight -= 1
      this.#deps.metrics.upstreamAsked({ upstream: this.name, outcome })
    }
    return {
      ended: (error) => {
        end(outcomeOf(error))
        this.#learn(error, running)
      },
      [Symbol.dispose]: () => end('cancelled'),
    }
  }

  lookSoon(): void {
    this.#look.resolve()
  }

  #learn(error: unknown, running: number): void {
    const { code, details } = error instanceof AppError ? error : { code: undefined, details: {} }
    if (code === 'model.busy') {
      this.#learned = learnSlots(this.#learned, { outcome: 'full', running })
      const told = details['retryAfterMs']
      if (typeof told === 'number') this.#restsUntil = this.#deps.now() + told
    } else if (error === undefined) this.#learned = learnSlots(this.#learned, { outcome: 'answered', running })
    // Whoever could not reach it, or found its model gone, has seen it earlier than the next look would.
    if (code === 'upstream.unreachable' || code === 'upstream.failed') this.lookSoon()
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#look = Promise.withResolvers()
      await this.#lookOnce(signal)
      this.#firstLook.resolve()
      await this.#pause(signal).catch(() => {})
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    const { wait, random } = this.#deps
    // What a request has seen counts at once, but never makes looks faster than after a failure.
    const { firstMs } = this.#polling
    const soonest = this.#failures === 0 ? firstMs / 10 : firstMs
    const due = nextLookMs(this.#failures, this.#polling, random)
    try {
      const told = this.#look.promise.then(() => wait(Math.min(soonest, due), { signal: either }))
      await Promise.race([wait(due, { signal: either }), told])
    } finally {
      over.abort()
    }
  }

  async #lookOnce(signal: AbortSignal): Promise<void> {
    const { http } = this.#deps
    try {
      const same = this.#phase === 'up' && (await this.#isSame({ signal }))
      if (!same) this.#found(await probeUpstream({ http, config: this.config }, this.#known, { signal }))
      this.#failures = 0
    } catch (error) {
      if (!signal.aborted) this.#failed(error)
    }
  }

  async #isSame(options: AbortOptions): Promise<boolean> {
    const findings = this.#findings
    if (findings === undefined) return false
    const { http } = this.#deps
    const { models, left } = findings
    const entries = await listModels({ http, config: this.config }, options)
    if (entries.length !== models.length + left || models.some(({ id }, index) => entries[index]?.id !== id))
      return false
    if (await isAsFound({ http }, findings, options)) return true
    // It was started anew: what its models can do may be different, too.
    this.#known = new Map()
    return false
  }

  #found(findings: UpstreamFindings): void {
    const { kind, version, models, left, slots } = findings
    this.#findings = findings
    this.#known = new Map(models.map((model) => [model.id, model]))
    this.#deps.metrics.upstreamSeen({ upstream: this.name, up: true, models: models.length })
    const first = this.#phase !== 'up'
    this.#phase = 'up'
    this.#problem = undefined
    const facts = { upstream: this.name, kind, version, models: models.length, slots }
    this.#deps.log.info(facts, first ? 'upstream is attached' : 'an upstream is not as it was')
    if (left > 0)
      this.#deps.log.warn(
        { upstream: this.name, left },
        'an upstream has more models than a node can serve: choose some with --upstream-models',
      )
    this.#deps.changed()
  }

  #failed(thrown: unknown): void {
    const error = AppError.from(thrown, 'upstream.failed')
    this.#failures += 1
    const answered = error.details['upstreamStatus'] !== undefined && error.details['refusedKey'] !== true
    // One bad answer of a server that works is not its end; a connection that is refused is.
    if (this.#phase === 'up' && answered && this.#failures < MOST_FAILURES) return
    const before = { phase: this.#phase, problem: this.#problem }
    this.#phase = 'down'
    this.#problem = error.message
    // Another program may come back under the same address, and the same one with other settings.
    this.#known = new Map()
    this.#deps.metrics.upstreamSeen({ upstream: this.name, up: false, models: 0 })
    if (before.phase === 'down' && before.problem === error.message) return
    this.#deps.log.warn({ upstream: this.name, reason: error.message }, 'an upstream does not serve')
    this.#deps.changed()
  }
}

function outcomeOf(error: unknown): UpstreamOutcome {
  if (error === undefined) return 'answered'
  const code = error instanceof AppError ? error.code : 'upstream.failed'
  if (code === 'model.busy') return 'full'
  if (code === 'upstream.unreachable') return 'unreachable'
  return code === 'upstream.failed' ? 'broken' : 'refused'
}
