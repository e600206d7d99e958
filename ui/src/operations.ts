import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api } from './api.ts'
import { hasFeature } from './features.ts'

/** `/api/operations`: an installation or a removal that runs, waits or has failed. */
export interface Operation {
  readonly id: string
  readonly name: string
  readonly jobID: string
  /** 0 to 100. */
  readonly progress: number
  readonly isDeletion: boolean
  readonly isBackend: boolean
  readonly isQueued: boolean
  readonly cancellable: boolean
  readonly message: string
  readonly error?: string
}

export const operations = signal<readonly Operation[]>([])

const BUSY_MS = 700
const IDLE_MS = 5000

let again: (() => void) | undefined

/** After something was asked for: it is shown at once. */
export function lookForOperations(): void {
  again?.()
}

/** Keeps `operations` fresh while a page is there; `onEnd` is told when one is over. */
export function useOperations(onEnd: () => void): void {
  const manages = hasFeature('gallery')
  useEffect(() => {
    if (!manages) return
    let timer: ReturnType<typeof setTimeout> | undefined
    let left = false
    async function look(): Promise<void> {
      clearTimeout(timer)
      try {
        const { operations: found } = await api<{ readonly operations: readonly Operation[] }>('/api/operations')
        const open = found.filter(({ cancellable }) => cancellable).map(({ jobID }) => jobID)
        const before = operations.peek().filter(({ cancellable }) => cancellable)
        operations.value = found
        if (before.some(({ jobID }) => !open.includes(jobID))) onEnd()
      } catch {
        // Only the owner may see them; others see none.
      }
      const busy = operations.peek().some(({ cancellable }) => cancellable)
      if (!left) timer = setTimeout(() => void look(), busy ? BUSY_MS : IDLE_MS)
    }
    again = () => void look()
    void look()
    return () => {
      left = true
      again = undefined
      clearTimeout(timer)
    }
  }, [manages])
}
