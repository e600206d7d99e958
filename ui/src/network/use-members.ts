import { api } from '../api.ts'
import { manages } from '../live.ts'
import { useApi } from '../use-api.ts'
import { usePolled } from '../use-polled.ts'

/** `/api/p2p/members`. */
export interface Members {
  /** Whether this node speaks for the owner of the network. */
  readonly owner: boolean
  readonly open: boolean
  readonly nodes: readonly {
    readonly name: string
    readonly id: string
    readonly standing: 'token' | 'admitted' | 'removed' | 'asking'
  }[]
}

export interface MembersChange {
  readonly revoke?: readonly string[]
  readonly admit?: readonly string[]
  readonly open?: boolean
}

const LOOK_EVERY_MS = 3000

/** Who may be in the network; undefined for those who may not manage this node, and until it is known. */
export function useMembers() {
  const { state, reload } = useApi<Members>(manages.value ? '/api/p2p/members' : undefined)
  usePolled(() => {
    if (manages.peek()) reload()
  }, LOOK_EVERY_MS)
  return {
    members: state.value.data,
    async change(body: MembersChange): Promise<void> {
      await api('/api/p2p/members', { body })
      reload()
    },
  }
}
