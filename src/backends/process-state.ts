import { AppError } from '../base/errors.ts'

/** Bad luck so far; it decides how long the next start has to wait. */
export interface FailureHistory {
  /** Starts that failed in a row. */
  readonly failedStarts: number
  /** Deaths after being ready, each within the window of the one before. */
  readonly deaths: number
  readonly lastDeathAt: number
}

/** The life of one model's backend. One value says everything; times are the clock's milliseconds. */
export type ProcessState =
  | { readonly phase: 'stopped'; readonly history: FailureHistory }
  | { readonly phase: 'starting'; readonly since: number; readonly history: FailureHistory }
  | { readonly phase: 'ready'; readonly since: number; readonly history: FailureHistory }
  | { readonly phase: 'stopping'; readonly history: FailureHistory }
  | { readonly phase: 'failed'; readonly error: AppError; readonly retryAt: number; readonly history: FailureHistory }

export type ProcessEvent =
  /** It is started in another way from now on: what went wrong before says nothing of that. */
  | { readonly type: 'changed' }
  | { readonly type: 'start'; readonly at: number }
  | { readonly type: 'loaded'; readonly at: number }
  /** The start came to nothing through its own fault. */
  | { readonly type: 'start-failed'; readonly at: number; readonly error: AppError }
  | { readonly type: 'died'; readonly at: number; readonly error: AppError }
  | { readonly type: 'stop' }
  /** Nothing runs any more, and that was wanted. */
  | { readonly type: 'stopped' }

export interface RestartPolicy {
  /** Wait after the first failed start; each further one doubles it. */
  readonly startBackOffMs: number
  /** Wait after the second death in a row (the first costs nothing); each further one doubles it. */
  readonly deathBackOffMs: number
  readonly maxBackOffMs: number
  /** A death so long after the one before counts as a first one. */
  readonly deathWindowMs: number
  /** A backend that was ready for so long before it died was healthy: its death counts as a first one, too. */
  readonly healthyMs: number
}

export const DEFAULT_RESTART_POLICY: RestartPolicy = {
  startBackOffMs: 10_000,
  deathBackOffMs: 1_000,
  maxBackOffMs: 300_000,
  deathWindowMs: 600_000,
  healthyMs: 60_000,
}

const SPOTLESS: FailureHistory = { failedStarts: 0, deaths: 0, lastDeathAt: 0 }

export const INITIAL_STATE: ProcessState = { phase: 'stopped', history: SPOTLESS }

/**
 * What an event makes of a state. Pure. An event that means nothing in a phase changes nothing: a process may die
 * while it is being stopped, and a load may end after it was called off.
 */
export function nextState(state: ProcessState, event: ProcessEvent, policy: RestartPolicy): ProcessState {
  const { phase, history } = state
  switch (event.type) {
    case 'changed':
      return phase === 'failed' ? INITIAL_STATE : state
    case 'start':
      return mayStart(state, event.at) ? { phase: 'starting', since: event.at, history } : state
    case 'loaded':
      if (phase !== 'starting') return state
      return { phase: 'ready', since: event.at, history: { ...history, failedStarts: 0 } }
    case 'start-failed':
      return phase === 'starting' ? afterFailedStart(history, event, policy) : state
    case 'died':
      return state.phase === 'ready' ? afterDeath(state, event, policy) : state
    case 'stop':
      return phase === 'starting' || phase === 'ready' ? { phase: 'stopping', history } : state
    case 'stopped':
      return phase === 'starting' || phase === 'stopping' ? { phase: 'stopped', history } : state
    default:
      return event satisfies never
  }
}

/** Undefined when the state lets a start happen now; else the error for whoever wants one. */
export function refusal(state: ProcessState, model: string, now: number): AppError | undefined {
  if (state.phase !== 'failed' || now >= state.retryAt) return undefined
  const retryAfterMs = state.retryAt - now
  const seconds = Math.ceil(retryAfterMs / 1000)
  // What a process said before it died is for the log: it may name anything.
  const reason = state.error.code === 'backend.died' ? 'its process keeps ending unexpectedly' : state.error.message
  return new AppError('backend.cooling-down', `model ${model} failed and is tried again in ${seconds} s: ${reason}`, {
    details: { model, retryAfterMs },
    cause: state.error,
  })
}

function mayStart(state: ProcessState, at: number): boolean {
  return state.phase === 'stopped' || (state.phase === 'failed' && at >= state.retryAt)
}

function afterFailedStart(
  history: FailureHistory,
  event: { readonly at: number; readonly error: AppError },
  policy: RestartPolicy,
): ProcessState {
  const failedStarts = history.failedStarts + 1
  const retryAt = event.at + backOff(policy.startBackOffMs, failedStarts, policy.maxBackOffMs)
  return { phase: 'failed', error: event.error, retryAt, history: { ...history, failedStarts } }
}

function afterDeath(
  { since, history }: Extract<ProcessState, { readonly phase: 'ready' }>,
  event: { readonly at: number; readonly error: AppError },
  policy: RestartPolicy,
): ProcessState {
  const again = history.deaths > 0 && event.at - history.lastDeathAt <= policy.deathWindowMs
  const recent = again && event.at - since < policy.healthyMs
  const deaths = recent ? history.deaths + 1 : 1
  const next = { ...history, deaths, lastDeathAt: event.at }
  if (deaths === 1) return { phase: 'stopped', history: next }
  const retryAt = event.at + backOff(policy.deathBackOffMs, deaths - 1, policy.maxBackOffMs)
  return { phase: 'failed', error: event.error, retryAt, history: next }
}

/** `first` for the first time, then twice as much each time, up to `most`. */
function backOff(first: number, times: number, most: number): number {
  return Math.min(most, first * 2 ** Math.min(times - 1, 30))
}
