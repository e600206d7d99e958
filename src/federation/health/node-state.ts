/** The numbers behind "this node is sick" and "it may come back". */
export interface HealthRules {
  /** Failures in a row, of one kind, that make a node look sick. */
  readonly failuresInRow: number
  /** The part of the last outcomes that failed which makes a node look sick, once there are `rateOutcomes`. */
  readonly failureRate: number
  readonly rateOutcomes: number
  /** A node whose last failure is older than this looks well, whatever was before. */
  readonly forgetMs: number
  /** How long the first ejection lasts; each further one twice as long, up to `maxEjectionMs`. */
  readonly ejectionMs: number
  readonly maxEjectionMs: number
  /** For each time this long without a failure, one ejection is forgotten. */
  readonly strikeMs: number
  /** A probe that told nothing in this time is taken for lost, and another may be sent. */
  readonly probeTimeoutMs: number
  /** A newcomer's share grows from `leastShare` to all in this time, or with this many answers, whichever is sooner. */
  readonly slowStartMs: number
  readonly slowStartAnswers: number
  readonly leastShare: number
}

/** How a node stands for itself; whether others are worse off is not its matter (`create-node-health.ts`). */
export interface NodeState {
  readonly phase: Phase
  /** Requests in a row that it gave no answer to. */
  readonly unanswered: number
  /** Answers in a row that broke off. */
  readonly cutShort: number
  /** Moving average of the outcomes, failures being 1. */
  readonly failureRate: number
  /** Outcomes since it was trusted last; counts no further than the rule needs. */
  readonly outcomes: number
  readonly lastFailureAt: number
  /** Much slower than it used to be, and than others are now. */
  readonly slow: boolean
  readonly strikes: number
  /** When `strikes` changed last. */
  readonly strikesAt: number
}

export type Phase =
  | { readonly kind: 'trusted' }
  | { readonly kind: 'rising'; readonly since: number; readonly answers: number }
  | Ejected

export interface Ejected {
  readonly kind: 'ejected'
  readonly until: number
  readonly probeSince?: number
}

/**
 * What a node did. `began`: the first bytes of an answer came. `ended`: an answer came to its end. `slow`: it is much slower
 * than it was; `steady`: it is not. `unanswered` and `cut-short` are failures.
 */
export type NodeEvent = 'began' | 'ended' | 'unanswered' | 'cut-short' | 'slow' | 'steady'

/** How much the last outcome weighs. */
const RATE_WEIGHT = 0.1

export function newNode(now: number, { rising }: { readonly rising: boolean }): NodeState {
  return {
    phase: rising ? { kind: 'rising', since: now, answers: 0 } : { kind: 'trusted' },
    ...{ unanswered: 0, cutShort: 0, failureRate: 0, outcomes: 0, lastFailureAt: Number.NEGATIVE_INFINITY },
    ...{ slow: false, strikes: 0, strikesAt: now },
  }
}

/** What is known of the node after `event`; its phase stays. Pure. */
export function noted(state: NodeState, event: NodeEvent, { now, rules }: At): NodeState {
  if (event === 'slow') return { ...state, slow: true, lastFailureAt: now }
  if (event === 'steady') return { ...state, slow: false }
  if (event === 'began') return { ...state, unanswered: 0 }
  const failed = event !== 'ended'
  const counted = {
    ...state,
    failureRate: state.failureRate + RATE_WEIGHT * (Number(failed) - state.failureRate),
    outcomes: Math.min(state.outcomes + 1, rules.rateOutcomes),
  }
  if (event === 'ended') return { ...counted, cutShort: 0, phase: withAnswer(state.phase) }
  const which = event === 'unanswered' ? 'unanswered' : 'cutShort'
  return { ...counted, [which]: state[which] + 1, lastFailureAt: now }
}

function withAnswer(phase: Phase): Phase {
  return phase.kind === 'rising' ? { ...phase, answers: phase.answers + 1 } : phase
}

export interface At {
  readonly now: number
  readonly rules: HealthRules
}

export function looksSick(state: NodeState, { now, rules }: At): boolean {
  const { unanswered, cutShort, failureRate, outcomes, slow, lastFailureAt } = state
  if (now - lastFailureAt >= rules.forgetMs) return false
  if (slow || unanswered >= rules.failuresInRow || cutShort >= rules.failuresInRow) return true
  return outcomes >= rules.rateOutcomes && failureRate >= rules.failureRate
}

/** Out, for longer than the last time. Pure. */
export function ejected(state: NodeState, { now, rules }: At): NodeState & { readonly phase: Ejected } {
  const strikes = strikesLeft(state, { now, rules })
  const ms = Math.min(rules.ejectionMs * 2 ** strikes, rules.maxEjectionMs)
  return { ...state, phase: { kind: 'ejected', until: now + ms }, strikes: strikes + 1, strikesAt: now }
}

/** Back again, with nothing held against it but that it was out. Pure. */
export function returned(state: NodeState, now: number): NodeState {
  return { ...newNode(now, { rising: true }), strikes: state.strikes }
}

function strikesLeft({ strikes, strikesAt }: NodeState, { now, rules }: At): number {
  return Math.max(0, Math.min(strikes, MAX_STRIKES) - Math.floor((now - strikesAt) / rules.strikeMs))
}

/** More would only overflow the back-off. */
const MAX_STRIKES = 20

export function probeDue({ phase }: NodeState, { now, rules }: At): boolean {
  if (phase.kind !== 'ejected' || now < phase.until) return false
  return phase.probeSince === undefined || now - phase.probeSince >= rules.probeTimeoutMs
}

export function isProbing({ phase }: NodeState): boolean {
  return phase.kind === 'ejected' && phase.probeSince !== undefined
}

export function withProbe(state: NodeState, now: number): NodeState {
  return state.phase.kind === 'ejected' ? { ...state, phase: { ...state.phase, probeSince: now } } : state
}

export function shareOf({ phase }: NodeState, { now, rules }: At): number {
  if (phase.kind !== 'rising') return 1
  const grown = Math.max((now - phase.since) / rules.slowStartMs, phase.answers / rules.slowStartAnswers)
  return Math.min(1, Math.max(rules.leastShare, grown))
}
