import type { KadDHTComponents } from '@libp2p/kad-dht'
import { createFairMap } from '../membership/fair-map.ts'

type Datastore = KadDHTComponents['datastore']
type Key = Parameters<Datastore['put']>[0]

/** What the DHT asks of a store. */
export type DhtStore = Pick<Datastore, 'put' | 'get' | 'delete' | 'query'>

/** Of all members; each announces itself under one place to meet at a time, and the old ones are forgotten. */
const MAX_RECORDS = 4096
/** Where a member was seen: `<prefix>/provider/<place>/<peer id>`; the place is a hash. Values are for nobody here. */
const PROVIDER_KEY = /\/provider\/[a-z2-7]{1,64}\/([1-9A-HJ-NP-Za-km-z]{1,128})$/

/**
 * Where members look for each other, as they have announced it. The library takes and keeps whatever they say, of any size and for
 * hours; here it is bounded, and who says much forgets its own.
 */
export function createDhtStore(limit = MAX_RECORDS): DhtStore {
  const held = createFairMap<{ readonly key: Key; readonly value: Uint8Array }>(limit)
  return {
    async put(key, value) {
      const provider = PROVIDER_KEY.exec(key.toString())?.[1]
      if (provider === undefined) throw new Error('that is no place where a member announces itself')
      held.set(key.toString(), { key, value }, provider)
      return key
    },
    async get(key) {
      const found = held.get(key.toString())
      // By this name the library knows it.
      if (found === undefined) throw Object.assign(new Error('there is no such record'), { name: 'NotFoundError' })
      return found.value
    },
    async delete(key) {
      held.delete(key.toString())
    },
    async *query({ prefix = '' }) {
      for (const [name, record] of held.entries()) if (name.startsWith(prefix)) yield record
    },
  }
}

/** The same parts for the DHT, but for its store: the other is for what this node itself has to know. */
export function withDhtStore(components: KadDHTComponents, store: DhtStore): KadDHTComponents {
  return new Proxy(components, {
    get: (parts, name) => (name === 'datastore' ? store : Reflect.get(parts, name)),
  })
}
