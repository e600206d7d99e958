import { isObject } from '../../base/json.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Network } from '../../p2p/network.ts'
import type { MemberCalls } from '../member-calls.ts'
import { isKeeper, rankNodes } from '../rank-nodes.ts'
import type { KeyHolder, KeyTable } from './key-table.ts'
import { keyReused, type RequestKey, readKeyText, toKeyText } from './request-key.ts'

/** Where members tell each other of keys. */
export const KEYS_PATH = '/p2p/keys'

/** So that one of them may be lost. */
const KEEPERS = 2

export interface KeepersDeps {
  readonly network: Pick<Network, 'peerId' | 'peers'>
  readonly calls: MemberCalls
  /** What this node keeps itself. */
  readonly table: KeyTable
}

export interface KeepersInit {
  readonly group: string
  /** Whether others take this node for a keeper. */
  readonly serves: boolean
  /** How long a request waits for what the keepers know. */
  readonly askTimeoutMs: number
}

/**
 * The few nodes that know who works on the answer to a key: whoever serves tells them, whoever gets a request with a key
 * asks them. Which nodes they are follows from the key, so a request finds them through any entry.
 */
export interface Keepers {
  /** This node works on it. Waits for nobody. */
  tell(key: RequestKey): void
  /** This node has nothing of it after all. */
  withdraw(key: RequestKey): void
  /**
   * The node that has it, when it is still there; undefined when nobody knows in time. Throws `request.unprocessable` when
   * the key stands for something else, and the signal's reason.
   */
  ask(key: RequestKey, options?: AbortOptions): Promise<string | undefined>
}

export function createKeepers({ network, calls, table }: KeepersDeps, init: KeepersInit): Keepers {
  const { group, serves } = init

  function others(digest: string): readonly string[] {
    const peers = network.peers().filter((peer) => isKeeper(peer, group))
    const ids = peers.map(({ record }) => record.peerId)
    const ranked = rankNodes(digest, serves ? [network.peerId, ...ids] : ids)
    return ranked.slice(0, KEEPERS).filter((peerId) => peerId !== network.peerId)
  }

  function isThere(peerId: string): boolean {
    if (peerId === network.peerId) return true
    return network.peers().some((peer) => peer.record.peerId === peerId && isKeeper(peer, group))
  }

  function checked(holder: KeyHolder | undefined, { bodyHash }: RequestKey): string | undefined {
    if (holder === undefined || !isThere(holder.peerId)) return undefined
    if (holder.bodyHash !== bodyHash) throw keyReused()
    return holder.peerId
  }

  async function askOne(peerId: string, digest: string, options: AbortOptions): Promise<KeyHolder> {
    const path = `${KEYS_PATH}/${digest}`
    const { status, body } = await calls.call(
      peerId,
      { method: 'GET', path },
      { ...options, timeoutMs: init.askTimeoutMs },
    )
    const holder = status === 200 ? readHolder(body) : undefined
    if (holder === undefined || !isThere(holder.peerId)) throw new Error('not known here')
    return holder
  }

  function tellOthers(method: 'PUT' | 'DELETE', key: RequestKey): void {
    const body = JSON.stringify({ key: toKeyText(key) })
    const call = method === 'PUT' ? { method, body } : { method }
    for (const peerId of others(key.digest)) {
      // One that does not hear of it knows nothing: the answer is made anew then.
      calls.call(peerId, { ...call, path: `${KEYS_PATH}/${key.digest}` }).catch(() => {})
    }
  }

  return {
    tell(key) {
      table.note(network.peerId, key)
      tellOthers('PUT', key)
    },
    withdraw(key) {
      table.forget(network.peerId, key.digest)
      tellOthers('DELETE', key)
    },
    async ask(key, options = {}) {
      const own = checked(table.find(key.digest), key)
      if (own !== undefined) return own
      const asked = others(key.digest).map((peerId) => askOne(peerId, key.digest, options))
      const found = await Promise.any(asked).catch(() => undefined)
      options.signal?.throwIfAborted()
      return checked(found, key)
    },
  }
}

/** `{"node": …, "key": …}`; undefined for anything else. */
function readHolder(body: Buffer): KeyHolder | undefined {
  try {
    const value: unknown = JSON.parse(body.toString())
    if (!isObject(value) || typeof value['node'] !== 'string') return undefined
    const key = readKeyText(value['key'])
    return key === undefined ? undefined : { peerId: value['node'], bodyHash: key.bodyHash }
  } catch {
    return undefined
  }
}
