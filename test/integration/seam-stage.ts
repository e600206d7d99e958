import assert from 'node:assert/strict'
import { EventEmitter, on } from 'node:events'
import { type Duplex, duplexPair } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createRequestRouter, ROUTER_DEFAULTS, type RouterInit } from '../../src/federation/create-router.ts'
import type { RequestFinished, Seam } from '../../src/federation/routing-events.ts'
import type { PeerView } from '../../src/p2p/network.ts'
import { sorting } from '../unit/federation/make-candidate.ts'
import { type PeerHarness, startEntry } from './api-harness.ts'
import { fakeNetwork, peerOf } from './fake-network.ts'
import { type AnswerKind, replaying } from './replaying-backend.ts'
import type { Script } from './scripted-backend.ts'

export type Members = Readonly<Record<string, PeerHarness>>

interface StageInit extends Partial<RouterInit> {
  /** By name; default: all have the same model. Asked for again and again, as nodes tell it. */
  readonly likeness?: Readonly<Record<string, string | undefined>>
}

/** The real router and the real members' faces, asked in the order of their names; in between, pairs of streams that can be cut. */
export async function startStage(members: Members, { likeness = {}, ...init }: StageInit = {}) {
  const sockets = new Map<string, Set<Duplex>>()
  /** What the members say, by their names. */
  const talk = new EventEmitter()
  const seams: Seam[] = []
  const hedged: string[] = []
  const finished: RequestFinished[] = []
  let skewMs = 0
  const advert = (name: string) => ({
    ...{ name: 'tiny', loaded: true, capabilities: ['chat', 'completion'] },
    ...(name in likeness ? likenessIn(likeness[name]) : likenessIn('0123456789abcdef')),
  })
  const peers = (): readonly PeerView[] =>
    Object.keys(members).map((name) =>
      peerOf(name, { load: { running: 0, queued: 0, memoryFreeBytes: 1 }, offer: { models: [advert(name)] } }),
    )
  const network = {
    peerId: 'id-entry',
    name: 'entry',
    peers,
    onChange: () => () => {},
    async openSocket(peerId: string) {
      const name = peerId.slice('id-'.length)
      const [theirs, ours] = duplexPair()
      for (const socket of [theirs, ours]) socket.on('error', () => {})
      theirs.once('close', () => ours.destroy())
      ours.once('close', () => theirs.destroy())
      const own = sockets.get(name) ?? new Set()
      sockets.set(name, own.add(theirs))
      ours.prependListener('data', (bytes: Buffer) => talk.emit(name, bytes.toString('latin1')))
      ours.pause()
      members[name]?.app.accept(theirs)
      return ours
    },
  }
  const router = createRequestRouter(
    {
      network,
      local: { serves: () => false, loaded: () => false, slots: 1 },
      policy: sorting((left, right) => (left.name < right.name ? -1 : 1)),
      now: () => performance.now() + skewMs,
      random: () => 0,
      events: [
        {
          seam: (_request, seam) => seams.push(seam),
          hedged: (_request, { name }) => hedged.push(name),
          finished: (_request, event) => finished.push(event),
        },
      ],
    },
    // On a busy machine nobody counts as stalled by accident.
    { ...ROUTER_DEFAULTS, leastStallMs: 60_000, group: '', ...init },
  )
  await router.start()
  const entry = await startEntry({ ...fakeNetwork().deps, router })
  return {
    router,
    seams,
    hedged,
    finished,
    /** The router's clock goes on by that much. */
    pass(ms: number): void {
      skewMs += ms
    },
    async said(name: string, what: RegExp): Promise<void> {
      for await (const [text] of on(talk, name)) if (what.test(String(text))) return
    },
    /** What the member has said so far still arrives. */
    async cut(name: string): Promise<void> {
      const own = [...(sockets.get(name) ?? [])]
      await settle()
      for (const socket of own) socket.destroy()
    },
    async ask(url: string, body: object, { status = 200 }: { readonly status?: number } = {}): Promise<string> {
      const response = await entry.post(url, { model: 'tiny', ...body })
      const text = await response.text()
      assert.equal(response.status, status, text)
      return likeOthers(text)
    },
    async [Symbol.asyncDispose]() {
      await entry.server.stop()
      await router.stop()
    },
  }
}

function likenessIn(likeness: string | undefined): { readonly likeness?: string } {
  return likeness === undefined ? {} : { likeness }
}

/** Without what is another in each request: its ids, of which there must be as many everywhere, and its times. */
function likeOthers(text: string): string {
  const names = new Map<string, string>()
  const name = (id: string): string => names.get(id) ?? (names.set(id, `id${names.size}`).get(id) as string)
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{24,32}/g, name)
    .replace(/_[0-9a-f]{10}_/g, '_home_')
    .replace(/"(created|created_at|completed_at)":\d+/g, '"$1":0')
}

/** What each choice says, and all else: in which order they speak is chance. */
export function byChoice(text: string): ReadonlyMap<string, readonly string[]> {
  const said = new Map<string, string[]>()
  for (const event of text.split('\n\n')) {
    const index = /"index":(\d+),"(?:delta|text)"/.exec(event)?.[1] ?? 'all'
    said.set(index, [...(said.get(index) ?? []), event.replace(/call_id\d+/, 'call')])
  }
  return new Map([...said].toSorted())
}

/** Streams hand on what they hold within a few turns of the event loop; nothing here waits for a clock. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn()
}

/** A fixed seed: the answers to all requests are the same then. */
export const SEED = 12

interface Losing {
  readonly after: number
  readonly lose: () => Promise<void>
  readonly onStop?: () => void
  /** Those of the request, which are others for each choice, or the same for all. */
  readonly seeds?: 'own' | 'fixed'
}

/** Calls back when so many tokens have been told, and goes on only when nobody listens any more. */
export function losing(kind: AnswerKind, { after, lose, onStop, seeds = 'fixed' }: Losing): Script {
  const whole = replaying(kind)
  return async function* script(request, options) {
    let told = 0
    for await (const piece of whole(seeds === 'own' ? request : { ...request, Seed: SEED }, options)) {
      if (told === after) {
        await lose()
        options.signal?.throwIfAborted()
        return await new Promise((_resolve, reject) => {
          options.signal?.addEventListener('abort', () => {
            onStop?.()
            reject(options.signal?.reason)
          })
        })
      }
      told += 1
      yield piece
    }
    return { cachedTokens: 2 }
  }
}

/** Tells so many tokens and then nothing, until nobody listens any more. */
export function silentAfter(kind: AnswerKind, count: number, onStop: () => void): Script {
  return losing(kind, { after: count, lose: async () => {}, onStop })
}

export function sound(kind: AnswerKind): Script {
  const whole = replaying(kind)
  return (request, options) => whole({ ...request, Seed: SEED }, options)
}
