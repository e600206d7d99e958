import type { Media } from '../../inference/media/media.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import type { Calls } from '../calls.ts'
import type { EventStreamLimits } from '../sse.ts'

/** What every route of pictures, sounds and rankings needs. */
export interface MediaRouteDeps {
  readonly media: Media
  readonly calls: Calls
  readonly registry: Pick<ModelRegistry, 'fallback'>
  readonly streamLimits: EventStreamLimits
}
