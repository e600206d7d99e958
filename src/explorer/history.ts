import type { Figures } from './listed-network.ts'

/** A row of a series: what the visits within one slot of time found, added up. */
export interface Sample extends Figures {
  readonly resolution: number
  readonly slot: number
  readonly visits: number
  readonly successes: number
}

export const RANGES = ['day', 'month', 'year'] as const
export type HistoryRange = (typeof RANGES)[number]

interface Series {
  readonly resolutionSeconds: number
  /** Slots that are kept. */
  readonly slots: number
}

/** Every visit is counted in all three at once: nothing has to be thinned out later, and each has an end. */
export const SERIES: Readonly<Record<HistoryRange, Series>> = {
  day: { resolutionSeconds: 300, slots: 288 },
  month: { resolutionSeconds: 3600, slots: 720 },
  year: { resolutionSeconds: 86_400, slots: 366 },
}

export interface HistoryPoint {
  readonly atUnixMs: number
  /** Of the visits within the slot the share that found the network; undefined when nobody looked. */
  readonly uptime: number | undefined
  /** Means over the good visits; undefined when there was none. */
  readonly figures: Figures | undefined
}

export function slotOf(unixMs: number, { resolutionSeconds }: Series): number {
  return Math.floor(unixMs / 1000 / resolutionSeconds)
}

/** A point for each slot up to now, also for those without a visit, so that gaps are seen. Pure. */
export function toPoints(
  samples: readonly Sample[],
  series: Series,
  { sinceUnixMs, nowUnixMs }: { readonly sinceUnixMs: number; readonly nowUnixMs: number },
): readonly HistoryPoint[] {
  const last = slotOf(nowUnixMs, series)
  const first = Math.max(last - series.slots + 1, Math.min(last, slotOf(sinceUnixMs, series)))
  const bySlot = new Map(samples.map((sample) => [sample.slot, sample]))
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const slot = first + index
    return { atUnixMs: slot * series.resolutionSeconds * 1000, ...toPoint(bySlot.get(slot)) }
  })
}

function toPoint(sample: Sample | undefined): Omit<HistoryPoint, 'atUnixMs'> {
  if (sample === undefined || sample.visits === 0) return { uptime: undefined, figures: undefined }
  const { visits, successes, nodes, workers, models } = sample
  const mean = (sum: number): number => sum / successes
  const figures = successes === 0 ? undefined : { nodes: mean(nodes), workers: mean(workers), models: mean(models) }
  return { uptime: successes / visits, figures }
}

/** Of all visits in the samples; undefined when there was none. */
export function uptimeOf(samples: readonly Pick<Sample, 'visits' | 'successes'>[]): number | undefined {
  const visits = samples.reduce((sum, sample) => sum + sample.visits, 0)
  return visits === 0 ? undefined : samples.reduce((sum, sample) => sum + sample.successes, 0) / visits
}
