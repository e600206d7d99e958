/** What is still to be answered, in order. One side puts in, the other waits for the next. */
export interface AnswerQueue<T> {
  readonly length: number
  push(item: T): void
  /** The oldest, as soon as there is one; undefined: the queue was closed. One caller at a time. */
  next(): Promise<T | undefined>
  close(): void
}

export function createAnswerQueue<T>(): AnswerQueue<T> {
  const items: T[] = []
  let closed = false
  let waiting: ((item: T | undefined) => void) | undefined
  return {
    get length() {
      return items.length
    },
    push(item) {
      if (closed) return
      if (waiting === undefined) {
        items.push(item)
        return
      }
      const resolve = waiting
      waiting = undefined
      resolve(item)
    },
    next() {
      if (closed) return Promise.resolve(undefined)
      if (items.length > 0) return Promise.resolve(items.shift())
      return new Promise((resolve) => {
        waiting = resolve
      })
    },
    close() {
      closed = true
      items.length = 0
      waiting?.(undefined)
      waiting = undefined
    },
  }
}
