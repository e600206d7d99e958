import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { describe, it } from 'node:test'
import { AppError } from '../../src/base/errors.ts'
import { createRequestRouter, ROUTER_DEFAULTS } from '../../src/federation/create-router.ts'
import type { PeerView } from '../../src/p2p/network.ts'
import { poll } from '../support/poll.ts'
import { sorting } from '../unit/federation/make-candidate.ts'
import { type PeerHarness, readEvents, startEntry, startPeerApp } from './api-harness.ts'
import { fakeNetwork, peerOf } from './fake-network.ts'
import { reply } from './scripted-backend.ts'

const CHAT = '/v1/chat/completions'
const BODY = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] }
const MODEL = { name: 'tiny', loaded: true, capabilities: ['chat'] }
const WAIT_MS = 5000

/** The real router and the real members' faces; in between, pairs of streams instead of a network. */
async function startFederation(
  members: Readonly<Record<string, PeerHarness>>,
  init: Parameters<typeof startEntry>[1] = {},
) {
  const wire: Buffer[] = []
  const peers: readonly PeerView[] = Object.keys(members).map((name) => peerOf(name, { offer: { models: [MODEL] } }))
  const network = {
    peerId: 'id-entry',
    name: 'entry',
    peers: () => peers,
    onChange: () => () => {},
    async openSocket(peerId: string) {
      const member = members[peerId.slice('id-'.length)]
      assert.ok(member !== undefined)
      const [theirs, ours] = duplexPair()
      theirs.on('data', (bytes: Buffer) => wire.push(bytes))
      member.app.accept(theirs)
      return ours
    },
  }
  const router = createRequestRouter(
    {
      network,
      local: { serves: () => false, loaded: () => false, slots: 1 },
      // In the order of their names.
      policy: sorting(),
      now: () => performance.now(),
      random: () => 0,
      events: [],
    },
    { ...ROUTER_DEFAULTS, group: '' },
  )
  await router.start()
  const entry = await startEntry({ ...fakeNetwork().deps, router }, init)
  return {
    entry,
    sent: () => Buffer.concat(wire).toString('utf8'),
    async [Symbol.asyncDispose]() {
      await entry.server.stop()
      await router.stop()
    },
  }
}

describe('an entry, its router and members', () => {
  it('stream an answer, and the key that opened the entry stays there', async () => {
    await using member = await startPeerApp()
    await using federation = await startFederation({ m: member }, { apiKeys: ['entry-secret'], nodeHeader: 'entry' })
    const headers = {
      'content-type': 'application/json',
      authorization: 'Bearer entry-secret',
      'x-api-key': 'entry-secret',
      cookie: 'token=entry-secret',
      'x-correlation-id': 'mine',
    }
    const response = await federation.entry.post(CHAT, { ...BODY, stream: true }, { headers })
    assert.equal(response.headers.get('x-localai-node'), 'm')
    assert.equal((await readEvents(response)).at(-1), '[DONE]')
    const sent = federation.sent()
    assert.match(sent, /x-correlation-id: mine/i)
    assert.match(sent, /"messages":\[\{"role":"user","content":"hi"\}\]/)
    assert.doesNotMatch(sent, /entry-secret/)
  })

  it('begin again on another member while nothing has come, and not when the request is wrong', async () => {
    await using broken = await startPeerApp()
    await using sound = await startPeerApp()
    broken.node.acquire = async () => {
      throw new AppError('backend.start-failed', 'no')
    }
    await using federation = await startFederation({ broken, sound }, { nodeHeader: 'entry' })
    const response = await federation.entry.post(CHAT, BODY)
    const names = ['x-localai-node', 'x-localai-tries'].map((name) => response.headers.get(name))
    assert.deepEqual([response.status, ...names], [200, 'sound', '2'])
    assert.match(await response.text(), /Hello world/)
    assert.match(await federation.entry.metrics(), /local_ai_forward_retries_total 1/)
    const wrong = await federation.entry.post(CHAT, { ...BODY, n: 0 })
    assert.deepEqual([wrong.status, wrong.headers.get('x-localai-tries')], [400, null])
    assert.equal((await federation.entry.post(CHAT, { ...BODY, model: 'nope' })).status, 404)
  })

  it('stop the generation when the client goes', async () => {
    await using member = await startPeerApp()
    const ended = Promise.withResolvers<unknown>()
    member.node.script = async function* script(_request, { signal }) {
      try {
        for (;;) {
          signal?.throwIfAborted()
          yield reply({ message: Buffer.from('word ') })
          await new Promise(setImmediate)
        }
      } finally {
        ended.resolve(signal?.reason)
      }
    }
    await using federation = await startFederation({ m: member })
    const leaving = new AbortController()
    const response = await federation.entry.post(CHAT, { ...BODY, stream: true }, { signal: leaving.signal })
    await response.body?.getReader().read()
    leaving.abort()
    assert.match(String(await ended.promise), /the client has gone/)
    await poll('nothing runs', WAIT_MS, () => member.node.leases === 0)
  })
})
