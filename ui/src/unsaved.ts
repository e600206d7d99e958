import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

/** Whether the page that is open holds what somebody has typed and nobody has taken yet. */
export const hasUnsaved = signal(false)

/** Says so of a page, for as long as it is open. */
export function useUnsaved(unsaved: boolean): void {
  useEffect(() => {
    hasUnsaved.value = unsaved
    return () => {
      hasUnsaved.value = false
    }
  }, [unsaved])
}
