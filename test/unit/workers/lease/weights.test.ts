import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import type { PeerView } from '../../../../src/p2p/network.ts'
import { createFetchWeights } from '../../../../src/workers/lease/fetch-weights.ts'
import type { ModelPieces } from '../../../../src/workers/lease/model-pieces.ts'
import type { WeightStore } from '../../../../src/workers/worker-stream.ts'
import { peerOf } from '../../../integration/fake-network.ts'
import { BUILD, MEBIBYTE, startLender } from './fakes.ts'

const PIECE = Buffer.from('a piece of weights')
const OF_MODEL = Buffer.from('a piece out of a file')
const PLACE = { tensor: 'blk.0.attn_q.weight', offset: 64, length: PIECE.length }
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const LENDS = { ...BUILD, device: 'CPU', memoryBytes: MEBIBYTE, busy: false, waiting: 0, weightBytesPerSecond: {} }

function lending(name: string, more: Partial<PeerView> & { readonly build?: string } = {}): PeerView {
  const { build = BUILD.build, ...view } = more
  return peerOf(name, { offer: { lends: { ...LENDS, build } }, ...view })
}

describe('weights of other members', () => {
  it('come from the nearest that has them, are checked, and peers that have nothing are left alone for a while', async () => {
    const asked: string[] = []
    let now = 0
    const peers = [
      lending('far', { roundTripMs: 9 }),
      lending('near', { roundTripMs: 1 }),
      lending('liar', { roundTripMs: 2 }),
      lending('silent', { roundTripMs: 0, state: 'silent' }),
      lending('older', { roundTripMs: 0, build: '0.0.1-linux-x64' }),
      lending('user', { roundTripMs: 0 }),
      peerOf('has-nothing', { roundTripMs: 0, offer: { models: [] } }),
    ]
    const fetchFor = createFetchWeights(
      {
        network: { peers: () => peers },
        now: () => now,
        async call(peerId, { path }) {
          assert.equal(
            path,
            `/p2p/weights/${hashOf(PIECE)}?tensor=blk.0.attn_q.weight&offset=64&length=${PIECE.length}`,
          )
          asked.push(peerId)
          if (peerId === 'id-far') return { status: 200, body: PIECE }
          if (peerId === 'id-liar') return { status: 200, body: Buffer.from('something else') }
          return { status: 404, body: Buffer.alloc(0) }
        },
      },
      { group: '', build: () => BUILD.build },
    )
    const fetchWeights = fetchFor('id-user')
    assert.deepEqual(await fetchWeights(hashOf(PIECE), PLACE, {}), PIECE)
    assert.deepEqual(asked, ['id-near', 'id-liar', 'id-far'])
    for (let turn = 0; turn < 7; turn += 1) await fetchWeights(hashOf(PIECE), PLACE, {})
    asked.length = 0
    await fetchWeights(hashOf(PIECE), PLACE, {})
    assert.deepEqual(asked, ['id-far'])
    now = 60_000
    asked.length = 0
    await fetchWeights(hashOf(PIECE), PLACE, {})
    assert.deepEqual(asked, ['id-near', 'id-liar', 'id-far'])
  })

  it('are asked of a member no faster than it answers', async () => {
    let [asking, most] = [0, 0]
    const fetchFor = createFetchWeights(
      {
        network: { peers: () => [lending('near')] },
        now: () => 0,
        async call() {
          asking += 1
          most = Math.max(most, asking)
          await new Promise(setImmediate)
          asking -= 1
          return { status: 200, body: PIECE }
        },
      },
      { group: '', build: () => BUILD.build },
    )
    const fetchWeights = fetchFor('id-user')
    const pieces = await Promise.all(
      Array.from({ length: 12 }, async () => await fetchWeights(hashOf(PIECE), PLACE, {})),
    )
    assert.equal(most, 3)
    assert.ok(pieces.every((piece) => piece?.equals(PIECE)))
  })

  it('are served by their hash, few at a time to one member', async () => {
    const gate = Promise.withResolvers<void>()
    const weights: WeightStore = {
      async get(hash) {
        if (hash === 'f'.repeat(64)) await gate.promise
        return hash === hashOf(PIECE) ? PIECE : undefined
      },
      has: async () => false,
      put: async () => {},
      sizes: () => ({ bytes: 0, pieces: 0 }),
    }
    const places: unknown[] = []
    const modelPieces: ModelPieces = {
      async read(hash, place) {
        places.push(place)
        return hash === hashOf(OF_MODEL) ? OF_MODEL : undefined
      },
    }
    await using here = await startLender({ weights, modelPieces })
    async function ask(name: string, path: string): Promise<{ readonly status: number; readonly body: Buffer }> {
      const socket = here.connect(name)
      const sent = httpRequest({ createConnection: () => socket, host: 'peer', path: `/p2p/weights/${path}` }).end()
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      const body = Buffer.concat(await response.toArray())
      socket.destroy()
      return { status: response.statusCode ?? 0, body }
    }
    assert.deepEqual(await ask('ada', hashOf(PIECE)), { status: 200, body: PIECE })
    assert.equal((await ask('ada', '0'.repeat(64))).status, 404)
    assert.equal((await ask('ada', '..%2fsecret')).status, 400)
    const place = { tensor: 'blk.0.ffn_up.weight', offset: 4096, length: OF_MODEL.length }
    const query = `tensor=${place.tensor}&offset=4096&length=${place.length}`
    assert.deepEqual(await ask('ada', `${hashOf(OF_MODEL)}?${query}`), { status: 200, body: OF_MODEL })
    assert.deepEqual(await ask('ada', `${hashOf(PIECE)}?${query}`), { status: 200, body: PIECE })
    assert.equal((await ask('ada', `${'0'.repeat(64)}?${query}`)).status, 404)
    assert.deepEqual(places, [place, place])
    assert.equal((await ask('ada', `${'0'.repeat(64)}?tensor=a&offset=0&length=${5 * MEBIBYTE}`)).status, 400)
    const waiting = [1, 2, 3].map(async () => await ask('ada', 'f'.repeat(64)))
    assert.equal((await ask('ada', hashOf(PIECE))).status, 429)
    assert.equal((await ask('bob', hashOf(PIECE))).status, 200)
    gate.resolve()
    assert.deepEqual(
      (await Promise.all(waiting)).map(({ status }) => status),
      [404, 404, 404],
    )
  })
})
