import type { ModelLimits } from '../backends/model-limits.ts'
import type { RunSettings } from '../config/settings.ts'

/** The settings of the life of models, as the loader wants them. */
export function modelLimits(settings: RunSettings): ModelLimits {
  return {
    maxActiveBackends: settings.maxActiveBackends || (settings.singleActiveBackend ? 1 : 0),
    forceEvictionWhenBusy: settings.forceEvictionWhenBusy,
    lruEvictionMaxRetries: settings.lruEvictionMaxRetries,
    lruEvictionRetryIntervalMs: settings.lruEvictionRetryIntervalMs,
    enableWatchdogIdle: settings.watchdogIdle,
    watchdogIdleTimeoutMs: settings.watchdogIdleTimeoutMs,
    enableWatchdogBusy: settings.watchdogBusy,
    watchdogBusyTimeoutMs: settings.watchdogBusyTimeoutMs,
    watchdogIntervalMs: settings.watchdogIntervalMs,
    enableMemoryReclaimer: settings.memoryReclaimer,
    memoryReclaimerThreshold: settings.memoryReclaimerThreshold,
    serialRequests: settings.parallelRequests === false,
    loadWaitMs: settings.loadWaitTimeoutMs,
    forceUnload: settings.forceBackendShutdown,
  }
}
