import { type PeekedRequest, peekRequest } from '../peek-request.ts'
import { keyOf } from '../routed-request.ts'
import { createKeptPrefixes, type KeptPrefixes, type KeptPrefixesInit } from './kept-prefixes.ts'
import { createProfiler, hasPrompt } from './prompt-profile.ts'

/** What this node remembers of the prompts it was given, by its own clients and by members, to tell all entries of it. */
export interface ServedPrompts extends Pick<KeptPrefixes, 'served'> {
  /** A request of another member; `body` is the client's. */
  note(request: PeekedRequest & { readonly capability: string }): void
  /** For `NodeLoad`. */
  told(): { readonly prefixes?: readonly number[] }
}

export function createServedPrompts(deps: { readonly now: () => number }, init: KeptPrefixesInit): ServedPrompts {
  const kept = createKeptPrefixes(deps, init)
  const profile = createProfiler()
  return {
    served: kept.served,
    note(request) {
      if (request.body === undefined || !hasPrompt(request)) return
      const { capability } = request
      kept.served(profile(request.body, keyOf({ model: peekRequest(request), capability })).chain)
    },
    told() {
      const prefixes = kept.told()
      return prefixes.length === 0 ? {} : { prefixes }
    },
  }
}
