import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { createRequestRouter, ROUTER_DEFAULTS, type RunningRouter } from '../../src/federation/create-router.ts'
import { homeOf } from '../../src/federation/home.ts'
import { type MediaBackend, startMediaBackend } from '../support/media-backend/node.ts'
import { sorting } from '../unit/federation/make-candidate.ts'
import { type ApiHarness, type PeerHarness, startApi, startEntry, startPeerApp } from './api-harness.ts'
import { fakeNetwork, peerOf } from './fake-network.ts'

const MEMBER = 'id-maker'

let backend: MediaBackend
let member: PeerHarness
let router: RunningRouter
let entry: Omit<ApiHarness, 'node'>
let node: ApiHarness

/** An entry and a node without media models ask a member that has them; in between, pairs of streams. */
before(async () => {
  backend = await startMediaBackend(homeOf(MEMBER))
  member = await startPeerApp({ media: backend })
  const models = backend.registry.list().map(({ id, config }) => ({
    name: id,
    loaded: true,
    capabilities: config.knownUseCases,
  }))
  const peers = [peerOf('maker', { offer: { models } }), peerOf('other', { offer: { models: [] } })]
  router = createRequestRouter(
    {
      network: {
        peerId: 'id-entry',
        name: 'entry',
        peers: () => peers,
        onChange: () => () => {},
        async openSocket(peerId: string) {
          assert.equal(peerId, MEMBER)
          const [theirs, ours] = duplexPair()
          // As a connection between members says of itself.
          member.app.accept(Object.assign(theirs, { encrypted: true }))
          return ours
        },
      },
      local: { serves: () => false, loaded: () => false, slots: 1 },
      policy: sorting(),
      now: () => performance.now(),
      random: () => 0,
      events: [],
    },
    { ...ROUTER_DEFAULTS, group: '' },
  )
  await router.start()
  entry = await startEntry({ ...fakeNetwork().deps, router })
  node = await startApi({}, { router })
})

after(async () => {
  await Promise.all([entry, node].map((face) => face[Symbol.asyncDispose]()))
  await router.stop()
  await member[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

describe('a model on another node', () => {
  for (const [kind, face] of [
    ['an entry', () => entry],
    ['a node', () => node],
  ] as const) {
    it(`listens to a form that came to ${kind}, byte for byte`, async () => {
      const body = new FormData()
      body.append('model', 'ears')
      body.append('file', new Blob(['hello\r\n--world']), 'talk.wav')
      const response = await fetch(`${face().url}/v1/audio/transcriptions`, { method: 'POST', body })
      assert.equal(response.status, 200)
      assert.match(await response.text(), /"text":"hello\\r\\n--world"/)
      assert.equal((await backend.asked()).at(-1)?.contents['dst'], 'hello\r\n--world')
    })

    it(`paints for ${kind}, whose address leads to the picture`, async () => {
      const made = await face().post('/v1/images/generations', { model: 'painter', prompt: 'x' })
      const { data }: { data: { url: string }[] } = JSON.parse(await made.text())
      const url = data[0]?.url ?? ''
      assert.ok(url.startsWith(`${face().url}/generated-images/image_${homeOf(MEMBER)}_`), url)
      const file = await fetch(url)
      assert.deepEqual([file.status, file.headers.get('content-type')], [200, 'image/png'])
      assert.equal(Buffer.from(await file.arrayBuffer()).toString('latin1', 1, 4), 'PNG')
      const gone = await fetch(url.replace(/[0-9a-f]{4}\.png$/, 'ffff.png'))
      assert.equal(gone.status, 404)
      await gone.arrayBuffer()
    })

    it(`speaks for ${kind}, which is asked in ElevenLabs' words, whole and streamed`, async () => {
      const spoken = await face().post('/v1/text-to-speech/bob', { text: 'hello', model_id: 'voice' })
      assert.equal((await spoken.arrayBuffer()).byteLength, 44 + 10)
      const streamed = await face().post('/tts', { input: 'ab cd', model: 'voice', stream: true })
      assert.equal((await streamed.arrayBuffer()).byteLength, 44 + 8)
      const broken = await face().post('/tts', { input: 'ab BREAK', model: 'voice', stream: true })
      await assert.rejects(broken.arrayBuffer())
    })

    it(`tells ${kind} what is wrong with a request`, async () => {
      const low = await face().post('/v1/rerank', { model: 'judge', query: 'a', documents: ['a'], top_n: 0 })
      assert.equal(low.status, 422)
      await low.arrayBuffer()
      const headers = { 'content-type': 'multipart/form-data; boundary=XX' }
      const half = '--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\nears\r\n--XX\r\nhalf'
      const broken = await face().post('/v1/audio/transcriptions', half, { headers })
      assert.equal(broken.status, 400)
      assert.match(await broken.text(), /form is malformed/)
    })
  }

  it('is found by what it can do when nobody names it', async () => {
    const ranked = await entry.post('/jina/v1/rerank', { query: 'a', documents: ['b', 'a'] })
    assert.match(await ranked.text(), /"model":"judge"/)
  })

  it('has files that nobody else is asked for', async () => {
    for (const face of [entry, node]) {
      for (const home of ['0000000000', 'ffffffffff']) {
        const file = await fetch(`${face.url}/generated-images/image_${home}_${'0'.repeat(32)}.png`)
        assert.equal(file.status, 404)
        assert.match(await file.text(), /Resource not found/)
      }
    }
  })
})
