import type { AbortOptions } from '../../base/signals.ts'

/** What one listener may be behind; beyond it the oldest is dropped. */
const MAX_BEHIND = 256

/** Tells everyone who listens, and waits for nobody. */
export interface Audience<T> {
  readonly size: number
  isFull(): boolean
  tell(fact: T): void
  /** From the first pull on, until the signal aborts or the reader leaves. To be read once. */
  join(options?: AbortOptions): AsyncIterable<T>
}

interface Member<T> {
  readonly behind: T[]
  wake: () => void
}

export function createAudience<T>({ maxMembers }: { readonly maxMembers: number }): Audience<T> {
  const members = new Set<Member<T>>()

  async function* listen(signal: AbortSignal | undefined): AsyncGenerator<T, void> {
    const member: Member<T> = { behind: [], wake: () => {} }
    members.add(member)
    const onAbort = (): void => member.wake()
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      while (signal?.aborted !== true) {
        const fact = member.behind.shift()
        if (fact !== undefined) yield fact
        else
          await new Promise<void>((resolve) => {
            member.wake = resolve
          })
      }
    } finally {
      signal?.removeEventListener('abort', onAbort)
      members.delete(member)
    }
  }

  return {
    get size() {
      return members.size
    },
    isFull: () => members.size >= maxMembers,
    tell(fact) {
      for (const member of members) {
        if (member.behind.length >= MAX_BEHIND) member.behind.shift()
        member.behind.push(fact)
        member.wake()
      }
    },
    join: ({ signal } = {}) => listen(signal),
  }
}
