/** A model with a process of ours, as the watchdog sees it. */
export interface WatchedModel {
  readonly id: string
  /** When the oldest request that still runs began; absent: none runs. */
  readonly busySince?: number
  readonly lastUsed: number
  /** Stays however long nobody uses it. */
  readonly pinned: boolean
}

export interface WatchdogLimits {
  /** Absent: a model may be idle for ever. */
  readonly idleTimeoutMs?: number
  /** Absent: a request may run for ever. */
  readonly busyTimeoutMs?: number
}

export interface OverdueModel {
  readonly id: string
  readonly reason: 'idle' | 'busy'
}

/** Whom to stop, and why: `busy` means at once, requests and all. Pure. */
export function overdueModels(
  models: readonly WatchedModel[],
  limits: WatchdogLimits,
  now: number,
): readonly OverdueModel[] {
  const { idleTimeoutMs = Number.POSITIVE_INFINITY, busyTimeoutMs = Number.POSITIVE_INFINITY } = limits
  return models.flatMap(({ id, busySince, lastUsed, pinned }): OverdueModel[] => {
    if (busySince !== undefined) return now - busySince > busyTimeoutMs ? [{ id, reason: 'busy' }] : []
    return !pinned && now - lastUsed > idleTimeoutMs ? [{ id, reason: 'idle' }] : []
  })
}
