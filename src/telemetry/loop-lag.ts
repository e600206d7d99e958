import { type ELDHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { Gauge, type Registry } from 'prom-client'

/** Times between the ticks of a timer, in nanoseconds. */
export type TickSummary = Pick<ELDHistogram, 'count' | 'min' | 'max' | 'mean' | 'stddev' | 'percentile' | 'reset'>

/** How often the timer ticks whose lateness is told. Node's own, outside of JavaScript; each tick wakes the process. */
export const LAG_TICK_MS = 100

const FIGURES: Readonly<Record<string, (ticks: TickSummary) => number>> = {
  min: (ticks) => late(ticks.min),
  max: (ticks) => late(ticks.max),
  mean: (ticks) => late(ticks.mean),
  stddev: (ticks) => ticks.stddev,
  p50: (ticks) => late(ticks.percentile(50)),
  p90: (ticks) => late(ticks.percentile(90)),
  p99: (ticks) => late(ticks.percentile(99)),
}

/**
 * `nodejs_eventloop_lag_*_seconds` since the last scrape, in place of the series of prom-client: its timer wakes an idle
 * process a hundred times a second, and counts its own pause of 10 ms as lag.
 */
export function measureLoopLag(registry: Registry, ticks: TickSummary = openTicks()): void {
  const gauges = Object.entries(FIGURES).map(([figure, of], index) => {
    const name = `nodejs_eventloop_lag_${figure}_seconds`
    registry.removeSingleMetric(name)
    const help = `How late a timer of the event loop was since the last scrape: ${figure}.`
    // The registry asks one series after the other; the first stands for all.
    const gauge = new Gauge({ name, help, registers: [registry], ...(index === 0 ? { collect } : {}) })
    return { gauge, of }
  })
  function collect(): void {
    const known = ticks.count > 0
    for (const { gauge, of } of gauges) gauge.set(known ? of(ticks) / 1e9 : 0)
    ticks.reset()
  }
}

function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds - LAG_TICK_MS * 1e6)
}

function openTicks(): TickSummary {
  const ticks = monitorEventLoopDelay({ resolution: LAG_TICK_MS })
  ticks.enable()
  return ticks
}
