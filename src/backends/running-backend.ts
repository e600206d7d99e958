import { setTimeout as delay } from 'node:timers/promises'
import { AppError, type ErrorCode } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { ModelOptions } from '../grpc/generated/backend/ModelOptions.ts'
import type { BackendTarget } from './backend-catalog.ts'
import { type BackendClient, createBackendClient, type ManagedBackendClient } from './backend-client.ts'
import {
  type BackendExit,
  type BackendProcess,
  type BackendProcessDeps,
  describeExit,
  startBackendProcess,
} from './backend-process.ts'
import { within, withTimeout } from './with-timeout.ts'

/** A backend that has loaded its model. */
export interface RunningBackend {
  /** As asked for. */
  readonly name: string
  /** Absent: the process is not ours. */
  readonly pid?: number
  readonly client: BackendClient
  /** Running calls fail with `backend.died`. May be called again, with a shorter grace. Never rejects. */
  stop(options: StopOptions): Promise<void>
}

export interface StopOptions {
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number
  /** Ask the backend to give its memory back before it is told to end. */
  readonly polite: boolean
}

export interface BringUpInit {
  readonly model: string
  readonly target: BackendTarget
  readonly options: ModelOptions
  readonly readyTimeoutMs: number
  readonly loadTimeoutMs: number
  readonly stopGraceMs: number
  /** Called once, at once, when a backend that had been brought up is lost. Not after `stop`. */
  readonly onGone: (error: AppError) => void
  /** Settles when the model cannot go on where it is, with the reason: the backend is ended at once then. */
  readonly lost?: Promise<AppError>
}

const FREE_LIMIT_MS = 5_000
const FIRST_POLL_MS = 20
const LONGEST_POLL_MS = 250
/** How long a lost connection waits for the process behind it to be seen dead. */
const DEATH_LIMIT_MS = 1_000
const HEALTH_LIMIT_MS = 2_000
/** A backend that dies of a lost worker may be seen dead before the worker is seen lost. */
const LOST_LIMIT_MS = 300
const LINES_IN_MESSAGE = 10
const LONGEST_LINE_IN_MESSAGE = 200
const LONGEST_OUTPUT = 8_000

/**
 * Starts or connects a backend and loads a model into it. Rejects with `backend.start-failed`, `backend.start-timeout`
 * or `backend.load-failed` (or the code that the backend named), and leaves nothing behind then.
 */
export async function bringUpBackend(
  deps: BackendProcessDeps,
  init: BringUpInit,
  { signal }: Required<AbortOptions>,
): Promise<RunningBackend> {
  const { target } = init
  const child = target.kind === 'program' ? await startBackendProcess(deps, target.program) : undefined
  const life = createLife(init, child)
  const address = child?.address ?? (target.kind === 'address' ? target.address : '')
  const client = createBackendClient(address, { onLost: (cause, code) => life.explainLoss(client, cause, code) })
  try {
    await waitUntilReady(init, life, { client, child, signal })
    await withTimeout((limited) => client.loadModel({ ...init.options }, { signal: limited }), {
      signal,
      timeoutMs: init.loadTimeoutMs,
      reason: () => new AppError('backend.load-failed', `could not load model: not done in ${init.loadTimeoutMs} ms`),
    })
  } catch (thrown) {
    const error = (signal.aborted ? undefined : await lostPlace(init)) ?? AppError.from(thrown, 'backend.load-failed')
    client.close()
    await life.stop(client, { graceMs: init.stopGraceMs, polite: false })
    signal.throwIfAborted()
    throw toBringUpError(init, error, child)
  }
  client.onDisconnect(() => life.disconnected())
  life.begin()
  return {
    name: target.name,
    ...(child?.pid === undefined ? {} : { pid: child.pid }),
    client,
    stop: (options) => life.stop(client, options),
  }
}

/** Names the reason and, unless the reason has them already, the backend's last words. */
function toBringUpError(init: BringUpInit, error: AppError, child: BackendProcess | undefined): AppError {
  const words = 'output' in error.details ? '' : lastWords(child)
  return new AppError(error.code, `failed to load model with internal loader: ${error.message}${words}`, {
    details: { ...outputOf(child), ...error.details, model: init.model, backend: init.target.name },
    cause: error,
  })
}

interface Life {
  /** From now on losing the backend is reported. */
  begin(): void
  disconnected(): void
  /** What a call gets whose backend did not answer to the end. */
  explainLoss(client: ManagedBackendClient, cause: Error, code: ErrorCode | undefined): Promise<AppError>
  /** Settles when the backend is gone, with the reason. */
  readonly gone: Promise<AppError>
  stop(client: ManagedBackendClient, options: StopOptions): Promise<void>
}

function createLife(init: BringUpInit, child: BackendProcess | undefined): Life {
  const { promise: gone, resolve } = Promise.withResolvers<AppError>()
  let over: AppError | undefined
  let reporting = false
  let stopping = false

  function end(error: AppError): AppError {
    if (over !== undefined) return over
    over = error
    resolve(error)
    if (reporting && !stopping) init.onGone(error)
    return error
  }
  void child?.exited.then(async (exit) => {
    const lost = stopping ? undefined : await lostPlace(init)
    end(stopping ? stoppedOf(init) : (lost ?? deathOf(init, child, exit)))
  })
  void init.lost?.then((why) => {
    end(lostOf(init, why))
    // Whatever it waits for from there never comes.
    void child?.stop(0)
  })

  return {
    gone,
    begin() {
      reporting = true
      if (over !== undefined) init.onGone(over)
    },
    disconnected() {
      // A process of ours says itself, and better, why it went.
      if (child === undefined) end(lossOf(init, 'went away'))
    },
    async explainLoss(client, cause, code) {
      if (over !== undefined) return over
      const lost = await lostPlace(init)
      if (lost !== undefined) return end(lost)
      // One that names its own end (its engine has died) is believed; else the process gets time to be seen dead.
      if (code === 'backend.died') return end(lossOf(init, `is no use any more (${cause.message})`, cause))
      const known = await within(gone, DEATH_LIMIT_MS)
      if (known !== undefined) return known
      // Still there: a backend may say UNAVAILABLE of something else and go on well.
      const limit = AbortSignal.timeout(HEALTH_LIMIT_MS)
      if (await client.health({ signal: limit }).catch(() => false))
        return new AppError('backend.failed', cause.message, { cause })
      return end(lossOf(init, `does not answer any more (${cause.message})`, cause))
    },
    async stop(client, options) {
      stopping = true
      if (options.polite && over === undefined && child !== undefined) {
        await client.free({ signal: AbortSignal.timeout(FREE_LIMIT_MS) }).catch(() => {})
      }
      end(stoppedOf(init))
      client.close()
      await child?.stop(options.graceMs)
    },
  }
}

async function waitUntilReady(init: BringUpInit, life: Life, { client, child, signal }: Readiness): Promise<void> {
  const died = life.gone.then((error) => {
    throw new AppError('backend.start-failed', `grpc service not ready: ${error.message}`, {
      details: error.details,
      cause: error,
    })
  })
  // Whoever wins the race below, this rejection has its listener.
  died.catch(() => {})
  const reason = (): AppError => {
    const place = init.target.kind === 'address' ? ` at ${init.target.address}` : ''
    const text = `grpc service not ready: backend ${init.target.name}${place} did not answer in ${init.readyTimeoutMs} ms`
    return new AppError('backend.start-timeout', `${text}${lastWords(child)}`, { details: outputOf(child) })
  }
  await withTimeout(
    async (limited) => {
      try {
        await Promise.race([pollHealth(client, limited), died])
      } catch (error) {
        limited.throwIfAborted()
        throw error
      }
    },
    { signal, timeoutMs: init.readyTimeoutMs, reason },
  )
}

interface Readiness {
  readonly client: ManagedBackendClient
  readonly child: BackendProcess | undefined
  readonly signal: AbortSignal
}

async function pollHealth(client: ManagedBackendClient, signal: AbortSignal): Promise<void> {
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 2, LONGEST_POLL_MS)) {
    const answered = await client.health({ signal }).catch(() => false)
    if (answered) return
    await delay(pause, undefined, { signal })
  }
}

function deathOf(init: BringUpInit, child: BackendProcess, exit: BackendExit): AppError {
  const { target, model } = init
  return new AppError(
    'backend.died',
    `backend ${target.name} of model ${model} ${describeExit(exit)}${lastWords(child)}`,
    {
      details: {
        backend: target.name,
        model,
        ...(exit.code === null ? {} : { exitCode: exit.code }),
        ...(exit.signal === null ? {} : { signal: exit.signal }),
        ...outputOf(child),
      },
    },
  )
}

function lossOf(init: BringUpInit, what: string, cause?: Error): AppError {
  const { target, model } = init
  return new AppError('backend.died', `backend ${target.name} of model ${model} ${what}`, {
    details: { backend: target.name, model },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Why the backend has gone, when it went because of where the model was. */
async function lostPlace(init: BringUpInit): Promise<AppError | undefined> {
  const why = init.lost && (await within(init.lost, LOST_LIMIT_MS))
  return why && lostOf(init, why)
}

function lostOf(init: BringUpInit, why: AppError): AppError {
  const { message, details } = lossOf(init, `cannot go on: ${why.message}`)
  return new AppError('backend.died', message, { details: { ...why.details, ...details }, cause: why })
}

/** It did not fail: somebody wanted its end, and that of what it worked on. */
function stoppedOf(init: BringUpInit): AppError {
  const { code, message, details } = lossOf(init, 'was stopped')
  return new AppError(code, message, { details: { ...details, stopped: true } })
}

/** What aborting programs print after the reason: `1: 0xe3a7 node::Abort()`, `#2 0x7f`, `at f (x.js:1)`, rulers. */
const STACK_FRAME = /^\s*(\d+: |#\d+ |at |-{3,})/

/** The end of the backend's output, for the message that a person reads. */
function lastWords(child: BackendProcess | undefined): string {
  const telling = child?.lastLines(Number.MAX_SAFE_INTEGER).filter((line) => !STACK_FRAME.test(line)) ?? []
  const lines = telling.slice(-LINES_IN_MESSAGE)
  if (lines.length === 0) return ''
  return `; it last said: ${lines.map((line) => line.slice(0, LONGEST_LINE_IN_MESSAGE)).join(' | ')}`
}

/** More of the same, for the log. */
function outputOf(child: BackendProcess | undefined): { readonly output?: string } {
  const lines = child?.lastLines(Number.MAX_SAFE_INTEGER) ?? []
  return lines.length === 0 ? {} : { output: lines.join('\n').slice(-LONGEST_OUTPUT) }
}
