import { NewestMap } from '../../base/newest-map.ts'

/** What the entry has learned of how fast answers come, to tell when one is late. */
export interface Paces {
  /** From when on a first token is late, in milliseconds since the node was asked; undefined: too little is known. */
  firstTokenLateMs(subject: Subject): number | undefined
  noteFirstToken(subject: Subject, ms: number): void
  /** The usual time between two tokens; undefined while nothing is known. */
  gapMs(model: string): number | undefined
  noteGap(model: string, ms: number): void
}

export interface Subject {
  readonly model: string
  /** A longer conversation takes longer to read. */
  readonly bodyBytes: number
}

/** Samples that a prediction needs, and those that it is made of. */
const LEAST_SAMPLES = 20
const MOST_SAMPLES = 64
const MOST_SUBJECTS = 512
const QUANTILE = 0.95
/** Twice what all but one in twenty take: rarely reached by a healthy node. */
const LATE = 2
const LEAST_LATE_MS = 100
const GAP_WEIGHT = 0.2

/** A prediction is made anew after so many samples: it is asked for with every request. */
const SAMPLES_A_LOOK = 8

interface Samples {
  readonly values: number[]
  at: number
  /** Made of the samples up to a moment ago. */
  lateMs: number | undefined
}

export function createPaces(): Paces {
  const firstTokens = new NewestMap<string, Samples>(MOST_SUBJECTS)
  const gaps = new NewestMap<string, number>(MOST_SUBJECTS)

  return {
    firstTokenLateMs(subject) {
      const samples = firstTokens.get(keyOf(subject))
      if (samples === undefined || samples.values.length < LEAST_SAMPLES) return undefined
      samples.lateMs ??= lateFor(samples.values)
      return samples.lateMs
    },
    noteFirstToken(subject, ms) {
      const key = keyOf(subject)
      const samples = firstTokens.get(key) ?? { values: [], at: 0, lateMs: undefined }
      firstTokens.set(key, samples)
      samples.values[samples.at] = ms
      samples.at = (samples.at + 1) % MOST_SAMPLES
      if (samples.at % SAMPLES_A_LOOK === 0) samples.lateMs = undefined
    },
    gapMs: (model) => gaps.get(model),
    noteGap(model, ms) {
      const before = gaps.get(model) ?? ms
      gaps.set(model, before + GAP_WEIGHT * (ms - before))
    },
  }
}

function lateFor(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return Math.max(LEAST_LATE_MS, LATE * (sorted[Math.floor(QUANTILE * sorted.length)] ?? 0))
}

/** Conversations of about the same length are compared with each other. */
function keyOf({ model, bodyBytes }: Subject): string {
  return `${Math.round(Math.log2(bodyBytes + 1))} ${model}`
}
