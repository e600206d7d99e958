import { AppError } from '../base/errors.ts'
import { type AbortOptions, raceSignal } from '../base/signals.ts'

export interface Turnstile {
  /**
   * Takes one of the places of a model. When none is free: waits for one, or throws `model.busy` with the time after
   * which to ask again, where the model's limits say so.
   */
  enter(model: string, limits: TurnstileLimits, options?: AbortOptions): Promise<Disposable>
}

export interface TurnstileLimits {
  /** One request after the other. */
  readonly serial: boolean
  /** Beyond so many nobody waits. */
  readonly maxConcurrent?: number
  readonly retryAfterMs?: number
}

const RETRY_AFTER_MS = 1000
const FREE: Disposable = { [Symbol.dispose]() {} }

interface Line {
  inside: number
  readonly waiting: (() => void)[]
}

/** How many requests a model works on at the same time. Whoever waits is let in in the order of coming. */
export function createTurnstile(): Turnstile {
  const lines = new Map<string, Line>()

  function leave(model: string, line: Line): void {
    const next = line.waiting.shift()
    // The place goes from one to the next: nobody who comes meanwhile can take it.
    if (next !== undefined) next()
    else line.inside -= 1
    if (line.inside === 0) lines.delete(model)
  }

  function place(model: string, line: Line): Disposable {
    let held = true
    return {
      [Symbol.dispose]() {
        if (held) leave(model, line)
        held = false
      },
    }
  }

  async function wait(model: string, line: Line, { signal }: AbortOptions): Promise<Disposable> {
    const { promise, resolve } = Promise.withResolvers<void>()
    line.waiting.push(resolve)
    try {
      await raceSignal(promise, signal)
    } catch (error) {
      const index = line.waiting.indexOf(resolve)
      // Not in line any more: the place was given already, and is passed on.
      if (index === -1) leave(model, line)
      else line.waiting.splice(index, 1)
      throw error
    }
    return place(model, line)
  }

  return {
    async enter(model, { serial, maxConcurrent = 0, retryAfterMs = RETRY_AFTER_MS }, options = {}) {
      if (!serial && maxConcurrent === 0) return FREE
      options.signal?.throwIfAborted()
      const line = lines.get(model) ?? { inside: 0, waiting: [] }
      lines.set(model, line)
      if (maxConcurrent > 0 && line.inside + line.waiting.length >= maxConcurrent) {
        throw new AppError('model.busy', `model ${model} works on as many requests as it may (${maxConcurrent})`, {
          details: { model, retryAfterMs },
        })
      }
      if (serial && line.inside > 0) return await wait(model, line, options)
      line.inside += 1
      return place(model, line)
    },
  }
}
