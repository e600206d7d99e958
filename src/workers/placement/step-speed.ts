import type { Step } from './model-needs.ts'
import type { Machine } from './plan.ts'

/** One core of a common server and its memory; only used where nobody has measured. */
const ASSUMED_BYTES_PER_SECOND = 4e9

/** How fast a machine reads weights of a type: as measured, else like the measured type that is most like it. Pure. */
export function readingSpeed({ weightBytesPerSecond }: Pick<Machine, 'weightBytesPerSecond'>, type: string): number {
  const known = weightBytesPerSecond[type]
  if (known !== undefined && known > 0) return known
  const measured = Object.entries(weightBytesPerSecond).filter(([, speed]) => speed > 0)
  const bits = bitsOf(type)
  const [nearest] = measured.sort(([one], [other]) => Math.abs(bitsOf(one) - bits) - Math.abs(bitsOf(other) - bits))
  return nearest?.[1] ?? ASSUMED_BYTES_PER_SECOND
}

export function hasSpeeds({ weightBytesPerSecond }: Pick<Machine, 'weightBytesPerSecond'>): boolean {
  return Object.values(weightBytesPerSecond).some((speed) => speed > 0)
}

/** Of a layer, beside the reading of its weights: norms, attention, and starting each product (seen with 24 small layers). */
const STEP_SECONDS = 0.0001

/** Seconds that a machine needs for a step, for one token. */
export function stepSeconds(machine: Pick<Machine, 'weightBytesPerSecond'>, { readBytes }: Pick<Step, 'readBytes'>) {
  return Object.entries(readBytes).reduce(
    (sum, [type, bytes]) => sum + bytes / readingSpeed(machine, type),
    STEP_SECONDS,
  )
}

/** `q4_K` has 4 bits, `bf16` 16. */
function bitsOf(type: string): number {
  return Number(/\d+/.exec(type)?.[0] ?? 16)
}
