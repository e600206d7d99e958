/**
 * Lets `source` run at most `limit` values ahead of its reader. The reader is woken on the next turn of the event loop,
 * when the source has queued its next piece of work already: so serialising one token and computing the next overlap.
 * Leaving early calls `abandon`, which must make a pending `source.next()` settle, and then closes the source.
 */
export async function* readAhead<T, R>(
  source: AsyncGenerator<T, R>,
  init: { readonly limit: number; readonly abandon: () => void },
): AsyncGenerator<T, R> {
  const ready: T[] = []
  let ended: { readonly value: R } | { readonly failure: unknown } | undefined
  let abandoned = false
  let wakeReader: (() => void) | undefined
  let wakeSource: (() => void) | undefined

  const tellReader = (): void => {
    setImmediate(() => wakeReader?.())
  }
  async function pump(): Promise<void> {
    try {
      while (!abandoned) {
        if (ready.length >= init.limit) {
          await new Promise<void>((resolve) => {
            wakeSource = resolve
          })
          continue
        }
        const next = await source.next()
        if (next.done === true) {
          ended = { value: next.value }
          break
        }
        ready.push(next.value)
        if (wakeReader !== undefined) tellReader()
      }
    } catch (failure) {
      ended = { failure }
    }
    if (wakeReader !== undefined) tellReader()
  }

  const pumping = pump()
  try {
    for (;;) {
      const value = ready.shift()
      if (value !== undefined) {
        wakeSource?.()
        yield value
      } else if (ended !== undefined) {
        if ('failure' in ended) throw ended.failure
        return ended.value
      } else {
        await new Promise<void>((resolve) => {
          wakeReader = resolve
        })
        wakeReader = undefined
      }
    }
  } finally {
    abandoned = true
    init.abandon()
    wakeSource?.()
    await pumping
    await source.return(undefined as R)
  }
}
