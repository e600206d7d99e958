import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api, messageOf } from './api.ts'
import { connection } from './live.ts'

export interface Loaded<T> {
  /** The last answer; stays while it is asked for again. */
  readonly data: T | undefined
  readonly error: string | undefined
  readonly loading: boolean
}

/**
 * Asks when the component appears and when `path` changes; undefined asks nothing. `reload` asks again. What has failed is
 * asked again when this node is back.
 */
export function useApi<T>(path: string | undefined): {
  readonly state: Signal<Loaded<T>>
  readonly reload: () => void
} {
  const state = useSignal<Loaded<T>>({ data: undefined, error: undefined, loading: path !== undefined })
  const round = useSignal(0)
  const current = round.value
  useEffect(() => {
    if (path === undefined) return
    const leaving = new AbortController()
    state.value = { ...state.peek(), loading: true }
    api<T>(path, { signal: leaving.signal }).then(
      (data) => {
        if (!leaving.signal.aborted) state.value = { data, error: undefined, loading: false }
      },
      (error: unknown) => {
        if (!leaving.signal.aborted) state.value = { ...state.peek(), error: messageOf(error), loading: false }
      },
    )
    return () => leaving.abort()
  }, [path, current])
  const isThere = connection.value === 'open'
  useEffect(() => {
    if (isThere && state.peek().error !== undefined) round.value += 1
  }, [isThere])
  return {
    state,
    reload: () => {
      round.value += 1
    },
  }
}
