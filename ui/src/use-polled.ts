import { useEffect } from 'preact/hooks'

/** Calls again and again while the page is seen; a page in the background rests. */
export function usePolled(ask: () => void, everyMs: number): void {
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) ask()
    }, everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
}
