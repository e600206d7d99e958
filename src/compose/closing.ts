import type { Startable } from '../base/lifecycle.ts'

/** A resource that is there already, as a part that only has to be given back. */
export function closing(resource: AsyncDisposable): Startable {
  return { start: async () => {}, stop: async () => await resource[Symbol.asyncDispose]() }
}
