import type { AbortOptions } from '../base/signals.ts'
import type { GeneratedToken } from '../grpc/generated/backend/GeneratedToken.ts'

/**
 * What one request draws its ids, its time and its dice from. Two nodes that have the same stamp and the same request make
 * the same answer, to the byte: so one can finish what the other began.
 */
export interface Stamp {
  /** Unix milliseconds: when the request came to the network. */
  readonly createdUnixMs: number
  /** 32 hexadecimal digits; the same ones for the same label, others for every other. */
  digits(label: string): string
  /** 0 <= x < 1; the same one for the same label. */
  number(label: string): number
}

/**
 * How one generation is carried from one process to the next; several of one answer share one (`split-continuity.ts`), also
 * those between which tools run (`rounds-continuity.ts`).
 */
export interface Continuity {
  /** What was sampled before, elsewhere: the answer is given from its beginning, as if this had been sampled here. */
  readonly resume: readonly GeneratedToken[]
  /** Takes every token that comes after `resume`, before anything that was made of it is given out. */
  note(tokens: readonly GeneratedToken[]): void
}

export interface GenerationOptions extends AbortOptions {
  /** Absent: ids and dice are chance. */
  readonly stamp?: Stamp | undefined
  readonly continuity?: Continuity | undefined
}

/** For one generation of several: what it draws is its own. No continuity goes with it: what was told is not of it alone. */
export function partOf({ stamp, continuity: _, ...options }: GenerationOptions, name: string): GenerationOptions {
  if (stamp === undefined) return options
  return {
    ...options,
    stamp: {
      createdUnixMs: stamp.createdUnixMs,
      digits: (label) => stamp.digits(`${name} ${label}`),
      number: (label) => stamp.number(`${name} ${label}`),
    },
  }
}
