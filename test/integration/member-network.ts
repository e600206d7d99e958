import { type Duplex, duplexPair } from 'node:stream'
import { pino } from 'pino'
import { createPeerApp, type PeerApp, type PeerAppDeps } from '../../src/api/peer-app.ts'
import { aroundCopies, composeCopies } from '../../src/compose/compose-copies.ts'
import { composeKeys, type Keys } from '../../src/compose/compose-keys.ts'
import { createRequestRouter, ROUTER_DEFAULTS } from '../../src/federation/create-router.ts'
import { createMemberCalls } from '../../src/federation/member-calls.ts'
import type { Network, PeerView } from '../../src/p2p/network.ts'
import type { Responses } from '../../src/responses/create-responses.ts'
import type { ResponsesEvents } from '../../src/responses/response-copy.ts'
import { sorting } from '../unit/federation/make-candidate.ts'
import { type ApiHarness, createFakeNode, createInference, type FakeNode, startEntry } from './api-harness.ts'
import { fakeNetwork, peerOf } from './fake-network.ts'
import { keepResponses } from './responses-harness.ts'

const MODEL = { name: 'tiny', loaded: true, capabilities: ['chat', 'completion'], likeness: 'ab'.repeat(16) }
const INIT = { version: 'v0.0.0 (test)', uploadLimitBytes: 1_000_000, shutdownTimeoutMs: 5000 }

type TestedNetwork = Pick<Network, 'peerId' | 'name' | 'peers' | 'onChange' | 'openSocket'>

interface Place {
  readonly network: TestedNetwork
  readonly sockets: Set<Duplex>
  readonly listeners: Set<() => void>
  accept: ((socket: Duplex) => void) | undefined
  gone: boolean
}

/** A node that serves members. */
export interface ServingMember {
  readonly node: FakeNode
  readonly app: PeerApp
  readonly keys: Keys
}

export interface EntryMember extends Omit<ApiHarness, 'node'> {}

export interface MemberNetwork extends AsyncDisposable {
  serving(name: string): ServingMember
  /** One whose responses are kept, and copied to the others. */
  keeping(name: string): Promise<ServingMember & { readonly responses: Responses }>
  /** `prefers`: the node that it asks first. */
  entry(name: string, init?: { readonly apiKeys?: readonly string[]; readonly prefers?: string }): Promise<EntryMember>
  /** As if its machine had lost its power: every connection of it breaks, and nobody hears of it any more. */
  kill(name: string): void
}

/** Several nodes in one process, joined by pairs of streams. Ids are `id-<name>`; requests go to the first by name. */
export function createMemberNetwork(windowMs = 600_000): MemberNetwork {
  const places = new Map<string, Place>()
  const ends: (() => Promise<unknown>)[] = []

  function viewsFor(name: string): PeerView[] {
    return [...places]
      .filter(([other, { gone }]) => other !== name && !gone)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([other, { accept }]) =>
        peerOf(other, { offer: accept === undefined ? { serves: false } : { models: [MODEL], slots: 4 } }),
      )
  }

  function told(): void {
    for (const { listeners } of places.values()) for (const listener of listeners) listener()
  }

  function connect(from: Place, to: Place, remoteAddress: string): Duplex {
    const [theirs, ours] = duplexPair()
    Object.assign(theirs, { remoteAddress })
    for (const socket of [theirs, ours]) {
      socket.on('error', () => {})
      socket.once('close', () => {
        theirs.destroy()
        ours.destroy()
        from.sockets.delete(ours)
        to.sockets.delete(theirs)
      })
    }
    from.sockets.add(ours)
    to.sockets.add(theirs)
    to.accept?.(theirs)
    return ours
  }

  function join(name: string, serves: boolean): Place {
    const place: Place = {
      sockets: new Set(),
      listeners: new Set(),
      accept: serves ? () => {} : undefined,
      gone: false,
      network: {
        peerId: `id-${name}`,
        name,
        peers: () => viewsFor(name),
        onChange(listener) {
          place.listeners.add(listener)
          return () => place.listeners.delete(listener)
        },
        async openSocket(peerId) {
          const to = places.get(peerId.slice('id-'.length))
          if (to === undefined || to.gone || place.gone) throw new Error('nobody is there')
          return connect(place, to, `id-${name}`)
        },
      },
    }
    places.set(name, place)
    told()
    return place
  }

  function composeMember(place: Place, openSelf?: () => Duplex) {
    const calls = createMemberCalls({ network: place.network }, { timeoutMs: 2000, maxAnswerBytes: 65_536 })
    ends.push(calls.stop)
    const keys = composeKeys(
      { network: place.network, calls, ...(openSelf === undefined ? {} : { openSelf }) },
      { group: '', windowMs },
    )
    ends.push(keys.part.stop)
    return { calls, keys }
  }

  function serve(place: Place, parts: Partial<PeerAppDeps>, { keys }: ReturnType<typeof composeMember>) {
    const node = createFakeNode()
    const deps: PeerAppDeps = { ...createInference(node, parts.responses), ...parts, keyed: keys.keyed }
    const app = createPeerApp(deps, INIT)
    const started = app.start()
    place.accept = (socket) => void started.then(() => app.accept(socket))
    ends.push(app.stop)
    return { node, app, keys }
  }

  return {
    serving(name) {
      const place = join(name, true)
      return serve(
        place,
        {},
        composeMember(place, () => connect(place, place, place.network.peerId)),
      )
    },
    async keeping(name) {
      const place = join(name, true)
      const { peerId } = place.network
      const openSelf = () => connect(place, place, peerId)
      const member = composeMember(place, openSelf)
      const events: ResponsesEvents = {
        begun: (...told) => copies.events.begun(...told),
        finished: (...told) => copies.events.finished(...told),
        removed: (...told) => copies.events.removed(...told),
      }
      const kept = await keepResponses({ peerId, events })
      const { responses } = kept
      const copies = composeCopies(
        { network: place.network, calls: member.calls, responses, openSelf, log: pino({ level: 'silent' }) },
        { group: '', takeOverAfterMs: 50 },
      )
      await copies.part.start()
      ends.push(async () => await kept[Symbol.asyncDispose](), copies.part.stop)
      return { ...serve(place, { responses, wards: copies.wards }, member), responses }
    },
    async entry(name, { apiKeys = [], prefers = 'a' } = {}) {
      const place = join(name, false)
      const { keys, calls } = composeMember(place)
      const router = createRequestRouter(
        {
          network: place.network,
          local: { serves: () => false, loaded: () => false, slots: 1 },
          policy: sorting((one) => (one.name === prefers ? -1 : 1)),
          now: () => performance.now(),
          random: () => 0,
          events: [],
        },
        { ...ROUTER_DEFAULTS, group: '' },
      )
      await router.start()
      const api = await startEntry(
        {
          ...fakeNetwork().deps,
          router: aroundCopies({ network: place.network, calls, router: keys.around(router) }, { group: '' }),
        },
        { apiKeys },
      )
      ends.push(
        () => router.stop(),
        () => api.server.stop(),
      )
      return api
    },
    kill(name) {
      const place = places.get(name)
      if (place === undefined) return
      place.gone = true
      for (const socket of place.sockets) socket.destroy()
      told()
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends.reverse()) await end()
    },
  }
}
