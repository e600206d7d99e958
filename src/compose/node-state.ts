import type { NodeState } from '../api/localai/node-state.ts'
import type { BackendCatalog } from '../backends/backend-catalog.ts'
import type { Startable } from '../base/lifecycle.ts'

/** What the node says of itself in `/system` and `/readyz`. Ready once it has started. */
export function createNodeState(deps: {
  readonly catalog: Pick<BackendCatalog, 'names'>
  readonly engine: NodeState['engine']
}): NodeState & Startable {
  let backends: readonly string[] = []
  let starting: string | undefined = 'starting'
  return {
    backends: () => backends,
    engine: deps.engine,
    startingBecause: () => starting,
    async start() {
      backends = await deps.catalog.names()
      starting = undefined
    },
    stop: async () => {},
  }
}
