import { setTimeout } from 'node:timers/promises'

const FIRST_STEP_MS = 10
const LONGEST_STEP_MS = 100

/**
 * Asks again and again until the answer is neither undefined nor false; fails after the time-out, saying what for. Asks
 * less often after a while: what is waited for needs the cores.
 */
export async function poll<T>(
  what: string | (() => string),
  timeoutMs: number,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (let stepMs = FIRST_STEP_MS; ; stepMs = Math.min(stepMs * 1.25, LONGEST_STEP_MS)) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline)
      throw new Error(`not within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`)
    await setTimeout(stepMs)
  }
}
