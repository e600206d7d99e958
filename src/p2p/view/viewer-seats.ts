import { NewestMap } from '../../base/newest-map.ts'

export interface SeatsInit {
  /** Viewers that are answered at the same time. */
  readonly atOnce: number
  /** Answers for one host within `windowMs`. */
  readonly perHost: number
  readonly windowMs: number
}

/** Bounds the work that viewers make: they are nobody's members. */
export interface ViewerSeats {
  /** Undefined when there is no seat; else the function that gives it back, once. */
  take(host: string): (() => void) | undefined
}

const MAX_HOSTS = 4096

/** `now`: monotonic milliseconds. */
export function createViewerSeats({ now }: { readonly now: () => number }, init: SeatsInit): ViewerSeats {
  const windows = new NewestMap<string, { readonly endsAt: number; readonly count: number }>(MAX_HOSTS)
  let taken = 0

  return {
    take(host) {
      const known = windows.get(host)
      const window = known !== undefined && known.endsAt > now() ? known : { endsAt: now() + init.windowMs, count: 0 }
      if (taken >= init.atOnce || window.count >= init.perHost) return undefined
      windows.set(host, { ...window, count: window.count + 1 })
      taken += 1
      let given = false
      return () => {
        if (given) return
        given = true
        taken -= 1
      }
    },
  }
}
