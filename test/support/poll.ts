import { setTimeout } from 'node:timers/promises'

const STEP_MS = 20

/** Asks again and again until the answer is neither undefined nor false; fails after the time-out, saying what for. */
export async function poll<T>(
  what: string | (() => string),
  timeoutMs: number,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline)
      throw new Error(`not within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`)
    await setTimeout(STEP_MS)
  }
}
