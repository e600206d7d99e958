import type { StreamEvents } from '../worker-stream.ts'

/** What has moved on one stream so far. */
export interface StreamCounts {
  readonly bytesIn: number
  readonly bytesOut: number
  readonly roundTrips: number
  readonly weightBytes: number
  readonly cachedWeightBytes: number
}

/** Counts, and tells somebody else as well. The figures are those of the moment in which they are read. */
export function countStream(also: StreamEvents): { readonly events: StreamEvents; counts(): StreamCounts } {
  const figures = { bytesIn: 0, bytesOut: 0, roundTrips: 0, weightBytes: 0, cachedWeightBytes: 0 }
  return {
    events: {
      moved(direction, bytes) {
        if (direction === 'in') figures.bytesIn += bytes
        else figures.bytesOut += bytes
        also.moved?.(direction, bytes)
      },
      roundTrip() {
        figures.roundTrips += 1
        also.roundTrip?.()
      },
      weights(fact) {
        figures.weightBytes += fact.bytes
        if (fact.cached) figures.cachedWeightBytes += fact.bytes
        also.weights?.(fact)
      },
    },
    counts: () => ({ ...figures }),
  }
}
