import { AppError } from '../../base/errors.ts'
import { type AbortOptions, anySignal, raceSignal } from '../../base/signals.ts'
import type { Engine } from './engine.ts'

/** The loaded model, held for the length of one call: it is not unloaded while anyone holds it. */
export interface ModelHold extends Disposable {
  readonly engine: Engine
}

/** The one model of this process. Loads come one after the other. */
export interface ModelSlot extends AsyncDisposable {
  readonly phase: 'empty' | 'loading' | 'ready'
  /** Throws `model.not-found` before the first load and `model.busy` while one goes on. */
  hold(): ModelHold
  /** What is there, without holding it. */
  peek(): Engine | undefined
  /** Waits for the calls that hold the old model, lets it go, and loads the next one. */
  replace(load: (options: Required<AbortOptions>) => Promise<Engine>, options?: AbortOptions): Promise<void>
  /** Waits for the calls that hold the model, then lets it go. */
  unload(options?: AbortOptions): Promise<void>
}

export function createModelSlot(): ModelSlot {
  const closing = new AbortController()
  let engine: Engine | undefined
  let changing = false
  let holders = 0
  let onIdle: (() => void) | undefined
  let last: Promise<unknown> = Promise.resolve()

  async function dispose(): Promise<void> {
    const old = engine
    engine = undefined
    await old?.[Symbol.asyncDispose]()
  }
  async function drain(signal: AbortSignal): Promise<void> {
    if (holders === 0) return
    const idle = new Promise<void>((resolve) => {
      onIdle = resolve
    })
    await raceSignal(idle, signal)
  }
  /** One change after the other; new calls are refused meanwhile. */
  function change(work: (signal: AbortSignal) => Promise<void>, options: AbortOptions): Promise<void> {
    const signal = anySignal(closing.signal, options.signal)
    const mine = last.then(async () => {
      signal.throwIfAborted()
      changing = true
      try {
        await drain(signal)
        await dispose()
        await work(signal)
      } finally {
        changing = false
      }
    })
    last = mine.catch(() => {})
    return mine
  }
  return {
    get phase() {
      if (changing) return 'loading'
      return engine === undefined ? 'empty' : 'ready'
    },
    peek: () => engine,
    hold() {
      if (changing) throw new AppError('model.busy', 'the model is being loaded')
      if (engine === undefined) throw new AppError('model.not-found', 'no model is loaded')
      holders += 1
      let held = true
      return {
        engine,
        [Symbol.dispose]() {
          if (!held) return
          held = false
          holders -= 1
          if (holders === 0) onIdle?.()
        },
      }
    },
    async replace(load, options = {}) {
      await change(async (signal) => {
        engine = await load({ signal })
      }, options)
    },
    async unload(options = {}) {
      await change(async () => {}, options)
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new AppError('node.stopping', 'the backend is stopping'))
      await last
      await dispose()
    },
  }
}
