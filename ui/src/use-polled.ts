import { useEffect, useRef } from 'preact/hooks'

/** Calls again and again while the page is seen; a page in the background rests. */
export function usePolled(ask: () => void, everyMs: number): void {
  /** That of the last drawing: an older one knows only what was known then. */
  const latest = useRef(ask)
  latest.current = ask
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) latest.current()
    }, everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
}
