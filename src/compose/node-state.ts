import type { NodeState } from '../api/localai/node-state.ts'
import type { BackendCatalog } from '../backends/backend-catalog.ts'
import type { Startable } from '../base/lifecycle.ts'

/** What the node says of itself in `/system` and `/readyz`. Ready once it has started. */
export function createNodeState(deps: {
  readonly catalog: Pick<BackendCatalog, 'names'>
  readonly engine: NodeState['engine']
}): NodeState & Startable & { readonly refresh: () => Promise<void> } {
  let backends: readonly string[] = []
  let starting: string | undefined = 'starting'
  async function refresh(): Promise<void> {
    backends = await deps.catalog.names()
  }
  return {
    /** Other backends may be there than at the start. */
    refresh,
    backends: () => backends,
    engine: deps.engine,
    startingBecause: () => starting,
    async start() {
      await refresh()
      starting = undefined
    },
    stop: async () => {},
  }
}
