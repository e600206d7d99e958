/** When models may be in memory, and when they have to leave it. Any of these may change while the node runs. */
export interface ModelLimits {
  /** 0: no limit. Beyond it the least recently used idle model is unloaded. */
  readonly maxActiveBackends: number
  readonly forceEvictionWhenBusy: boolean
  /** A load waits at most retries x interval for a busy model to become idle; then `node.overloaded`. */
  readonly lruEvictionMaxRetries: number
  readonly lruEvictionRetryIntervalMs: number
  readonly enableWatchdogIdle: boolean
  readonly watchdogIdleTimeoutMs: number
  readonly enableWatchdogBusy: boolean
  readonly watchdogBusyTimeoutMs: number
  /** How often the watchdogs and the memory reclaimer look. */
  readonly watchdogIntervalMs: number
  /** Unload the least recently used model while more of the memory is in use than the threshold, a part of 1. */
  readonly enableMemoryReclaimer: boolean
  readonly memoryReclaimerThreshold: number
  /** A model works on one request after the other. */
  readonly serialRequests: boolean
  /** How long a request waits for its model to be loaded; then `model.loading`, and the load goes on. */
  readonly loadWaitMs: number
  /** `unload` does not wait for running requests, whoever asks. */
  readonly forceUnload: boolean
}

/** LocalAI's. */
export const DEFAULT_MODEL_LIMITS: ModelLimits = {
  maxActiveBackends: 0,
  forceEvictionWhenBusy: false,
  lruEvictionMaxRetries: 30,
  lruEvictionRetryIntervalMs: 1_000,
  enableWatchdogIdle: false,
  watchdogIdleTimeoutMs: 15 * 60_000,
  enableWatchdogBusy: false,
  watchdogBusyTimeoutMs: 5 * 60_000,
  watchdogIntervalMs: 500,
  enableMemoryReclaimer: false,
  memoryReclaimerThreshold: 0.95,
  serialRequests: false,
  loadWaitMs: 5 * 60_000,
  forceUnload: false,
}
