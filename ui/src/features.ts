import { effect, signal } from '@preact/signals'
import { api, signInWanted } from './api.ts'
import { connection, manages } from './live.ts'

/** `/api/features`: what this node has; an entry without models of its own has less. */
export type Feature = 'load' | 'gallery' | 'backends' | 'settings' | 'logs' | 'metrics' | 'plan'

/** Undefined until this node has said it. */
export const features = signal<Readonly<Partial<Record<Feature, boolean>>> | undefined>(undefined)

/** To others than the node's owner these would only say that they are not for them. */
const MANAGEMENT: ReadonlySet<Feature> = new Set(['gallery', 'backends', 'settings', 'logs', 'plan'])

/** Whether this node has it, and whoever looks may use it. */
export function hasFeature(feature: Feature): boolean {
  return features.value?.[feature] === true && (!MANAGEMENT.has(feature) || manages.value)
}

// Asked again when this node is back, and when somebody has signed in: before, there may have been no answer, or a refusal.
effect(() => {
  const isLost = connection.value === 'lost'
  if (signInWanted.value || isLost || features.peek() !== undefined) return
  api<Record<Feature, boolean>>('/api/features').then(
    (found) => {
      features.value = found
    },
    () => {
      // The page for signing in shows up, or another question says that the node does not answer.
    },
  )
})
