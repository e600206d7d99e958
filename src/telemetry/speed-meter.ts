import type { Metrics, RequestFinished } from './metrics.ts'

/** How fast one model has been on this node lately. */
export interface ModelSpeed {
  readonly promptTokensPerSecond?: number
  readonly generationTokensPerSecond?: number
}

export interface SpeedMeter {
  of(model: string): ModelSpeed
  /** The same metrics, with every finished request measured on the way. */
  watch(metrics: Metrics): Metrics
}

/** Weight of the newest measurement. */
const NEWEST = 0.25
/** Fewer tokens say more about the start of an answer than about its speed. */
const ENOUGH_TOKENS = 8
const MAX_MODELS = 512

/** Moving averages of prompt and generation speed, from the requests that this node served itself. */
export function createSpeedMeter(): SpeedMeter {
  const speeds = new Map<string, ModelSpeed>()

  function measure({ model, status, ...event }: RequestFinished): void {
    if (model === undefined || status >= 400) return
    const before = speeds.get(model) ?? {}
    if (speeds.size >= MAX_MODELS && !speeds.has(model)) return
    const prompt = rate(event.promptTokens, event.firstTokenMs)
    const generation = rate(event.completionTokens - 1, event.generationMs)
    speeds.set(model, {
      ...before,
      ...(prompt === undefined ? {} : { promptTokensPerSecond: average(before.promptTokensPerSecond, prompt) }),
      ...(generation === undefined
        ? {}
        : { generationTokensPerSecond: average(before.generationTokensPerSecond, generation) }),
    })
  }

  return {
    of: (model) => speeds.get(model) ?? {},
    watch: (metrics) => ({
      ...metrics,
      requestFinished(event) {
        measure(event)
        metrics.requestFinished(event)
      },
    }),
  }
}

function rate(tokens: number, ms: number | undefined): number | undefined {
  return ms === undefined || ms <= 0 || tokens < ENOUGH_TOKENS ? undefined : (tokens * 1000) / ms
}

function average(before: number | undefined, newest: number): number {
  return before === undefined ? newest : before + NEWEST * (newest - before)
}
