import type { Logger } from '../telemetry/logger.ts'
import type { Clock } from './clock.ts'
import { leastMissed, type Occupant } from './eviction.ts'
import type { ModelLimits } from './model-limits.ts'
import type { StopReason } from './model-slot.ts'
import { overdueModels, type WatchedModel } from './watchdog.ts'

export interface ModelWatchDeps {
  readonly log: Pick<Logger, 'info'>
  readonly clock: Clock
  /** The part of the memory that is in use, from 0 to 1. */
  readonly memoryInUse: () => number
  readonly limits: () => ModelLimits
  /** The models whose process is ours. */
  readonly models: () => readonly (Occupant & WatchedModel)[]
  readonly stop: (id: string, reason: StopReason, options: { readonly force: boolean }) => void
}

export interface ModelWatch {
  /** Begins to look, at the interval that the limits say now, or not at all. */
  restart(): void
  stop(): void
}

/** Sends models away that nobody uses, that hang, or whose memory is needed. */
export function createModelWatch(deps: ModelWatchDeps): ModelWatch {
  const { log, clock, memoryInUse, models, stop } = deps
  let cancel: () => void = () => {}

  function lookAtTime(limits: ModelLimits): void {
    const overdue = overdueModels(
      // Who waits for its requests to be unloaded may wait for one that hangs.
      models().filter(({ phase, busySince }) => phase === 'ready' || (phase === 'stopping' && busySince !== undefined)),
      {
        ...(limits.enableWatchdogIdle ? { idleTimeoutMs: limits.watchdogIdleTimeoutMs } : {}),
        ...(limits.enableWatchdogBusy ? { busyTimeoutMs: limits.watchdogBusyTimeoutMs } : {}),
      },
      clock.now(),
    )
    for (const { id, reason } of overdue) stop(id, reason, { force: reason === 'busy' })
  }

  function lookAtMemory(limits: ModelLimits): void {
    if (!limits.enableMemoryReclaimer) return
    const inUse = memoryInUse()
    if (inUse <= limits.memoryReclaimerThreshold) return
    const id = leastMissed(models(), limits.forceEvictionWhenBusy)
    if (id === undefined) return
    log.info({ model: id, memoryInUse: Math.round(inUse * 100) / 100 }, 'the memory is needed')
    stop(id, 'memory', { force: limits.forceEvictionWhenBusy })
  }

  return {
    restart() {
      cancel()
      const { enableWatchdogIdle, enableWatchdogBusy, enableMemoryReclaimer, watchdogIntervalMs } = deps.limits()
      if (!enableWatchdogIdle && !enableWatchdogBusy && !enableMemoryReclaimer) return
      cancel = clock.every(Math.max(SHORTEST_INTERVAL_MS, watchdogIntervalMs), () => {
        const limits = deps.limits()
        lookAtTime(limits)
        lookAtMemory(limits)
      })
    },
    stop() {
      cancel()
      cancel = () => {}
    },
  }
}

const SHORTEST_INTERVAL_MS = 10
