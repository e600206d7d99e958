/**
 * How long something takes on one node, as moving averages of logarithms: a node is compared with what it was itself, so a
 * small machine is not slow for being small. Immutable.
 */
export interface Pace {
  /** Of all samples, slowly following. */
  readonly usual: number
  /** How far samples are from `usual`, on average. */
  readonly spread: number
  readonly samples: number
  /** Of the last few. */
  readonly recent: number
  readonly recentSamples: number
}

export interface SlownessRules {
  /** Samples before a node has a history to be compared with. */
  readonly historySamples: number
  /** Samples before it is judged, since it was trusted last. */
  readonly recentSamples: number
  /** How many times longer than usual is far too long. */
  readonly factor: number
  /** How many times longer than for the others, as much longer as it takes these at the same time. */
  readonly factorOfOthers: number
  /** Below this much more nobody minds. */
  readonly leastMs: number
}

const USUAL_WEIGHT = 0.03
const SPREAD_WEIGHT = 0.05
const RECENT_WEIGHT = 0.35
/** While there are few samples, each counts as one of them. */
const weightOf = (weight: number, samples: number): number => Math.max(weight, 1 / (samples + 1))
/** A sample this far off moves the history no further: a fit of slowness must not become what is usual at once. */
const MAX_SURPRISE = Math.log(3)
const LEAST_MS = 0.01

export const NO_PACE: Pace = { usual: 0, spread: 0, samples: 0, recent: 0, recentSamples: 0 }

/** With one more sample. Pure. */
export function withSample(pace: Pace, ms: number): Pace {
  const value = Math.log(Math.max(ms, LEAST_MS))
  const { usual, spread, samples, recent, recentSamples } = pace
  const surprise = samples === 0 ? value : Math.max(-MAX_SURPRISE, Math.min(MAX_SURPRISE, value - usual))
  return {
    usual: usual + weightOf(USUAL_WEIGHT, samples) * surprise,
    spread: samples === 0 ? 0 : spread + weightOf(SPREAD_WEIGHT, samples) * (Math.abs(surprise) - spread),
    samples: samples + 1,
    recent: recent + weightOf(RECENT_WEIGHT, recentSamples) * (value - recent),
    recentSamples: recentSamples + 1,
  }
}

/** The last few are forgotten, the history is not. Pure. */
export function judgedAnew(pace: Pace): Pace {
  return { ...pace, recent: 0, recentSamples: 0 }
}

/** Whether a node has become much slower than it was. Pure. */
export function hasSlowed(pace: Pace, rules: SlownessRules): boolean {
  const slowdown = slowdownOf(pace, rules)
  if (slowdown === undefined || slowdown < Math.log(rules.factor) || slowdown < 3 * pace.spread) return false
  return Math.exp(pace.recent) - Math.exp(pace.usual) >= rules.leastMs
}

/** Whether a node that has slowed has done so much more than `others` have. Pure. */
export function isSlowerThan(pace: Pace, others: readonly Pace[], rules: SlownessRules): boolean {
  const theirs = others.flatMap((other) => slowdownOf(other, rules) ?? [])
  if (theirs.length === 0) return false
  return (slowdownOf(pace, rules) ?? 0) - median(theirs) >= Math.log(rules.factorOfOthers)
}

/** As a logarithm; undefined while there is too little to tell. */
function slowdownOf({ usual, samples, recent, recentSamples }: Pace, rules: SlownessRules): number | undefined {
  if (samples < rules.historySamples || recentSamples < rules.recentSamples) return undefined
  return recent - usual
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}
