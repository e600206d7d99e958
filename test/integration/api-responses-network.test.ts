import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { createRequestRouter, ROUTER_DEFAULTS } from '../../src/federation/create-router.ts'
import { homeOf } from '../../src/federation/home.ts'
import type { PeerView } from '../../src/p2p/network.ts'
import { poll } from '../support/poll.ts'
import { sorting } from '../unit/federation/make-candidate.ts'
import { type ApiHarness, type PeerHarness, startApi, startEntry, startPeerApp } from './api-harness.ts'
import { fakeNetwork, peerOf } from './fake-network.ts'
import { clientOf, holds, type KeptResponses, keepResponses } from './responses-harness.ts'
import { words } from './scripted-backend.ts'

const MODEL = { name: 'tiny', loaded: true, capabilities: ['chat'] }
const ASK = { model: 'tiny', input: 'hi' }
const WAIT_MS = 5000

/** A node with a model (`near`), a member with the same one (`far`), and an entry without any. */
async function startNetwork() {
  const keptNear = await keepResponses({ peerId: 'id-near' })
  const keptFar = await keepResponses({ peerId: 'id-far' })
  const far = await startPeerApp({ responses: keptFar.responses })
  let peers: readonly PeerView[] = [peerOf('far', { offer: { models: [MODEL] } })]
  let preferred = 'far'

  async function routerOf(name: string, serves: boolean) {
    const network = {
      peerId: `id-${name}`,
      name,
      peers: () => peers,
      onChange: () => () => {},
      async openSocket() {
        const [theirs, ours] = duplexPair()
        far.app.accept(theirs)
        return ours
      },
    }
    const router = createRequestRouter(
      {
        network,
        local: { serves: () => serves, loaded: () => serves, slots: 4 },
        policy: sorting((one) => (one.name === preferred ? -1 : 1)),
        now: () => performance.now(),
        random: () => 0,
        events: [],
      },
      { ...ROUTER_DEFAULTS, group: '' },
    )
    await router.start()
    return router
  }

  const nearRouter = await routerOf('near', true)
  const entryRouter = await routerOf('entry', false)
  const keys = { apiKeys: ['ann', 'bob'], nodeHeader: 'here' }
  const near = await startApi({ responses: keptNear.responses, ...keys }, { ...fakeNetwork().deps, router: nearRouter })
  const entry = await startEntry({ ...fakeNetwork().deps, router: entryRouter }, keys)
  return {
    near,
    entry,
    far,
    keptFar,
    prefer(name: string): void {
      preferred = name
    },
    loseFar(): void {
      peers = []
    },
    async stop() {
      await Promise.all([near.server.stop(), entry.server.stop(), far.app.stop()])
      await Promise.all([nearRouter.stop(), entryRouter.stop()])
      await Promise.all([keptNear, keptFar].map((kept: KeptResponses) => kept[Symbol.asyncDispose]()))
    },
  }
}

describe('a response that was made on another node', () => {
  let network: Awaited<ReturnType<typeof startNetwork>>
  let near: ApiHarness
  let far: PeerHarness
  let entry: Omit<ApiHarness, 'node'>

  before(async () => {
    network = await startNetwork()
    ;({ near, far, entry } = network)
  })
  after(async () => await network.stop())

  it('is found, listed and continued through any node, for whoever owns it', async () => {
    far.node.script = words('From far')
    near.node.script = words('From near')
    network.prefer('far')
    const first = await clientOf(near, 'ann').responses.create(ASK)
    assert.equal(first.output_text, 'From far')
    assert.ok(first.id.startsWith(`resp_${homeOf('id-far')}_`), first.id)
    network.prefer('near')
    for (const [index, face] of [near, entry].entries()) {
      const ann = clientOf(face, 'ann')
      assert.equal((await ann.responses.retrieve(first.id)).output_text, 'From far')
      assert.equal((await ann.responses.inputItems.list(first.id)).data.length, 1)
      const next = await ann.responses.create({ ...ASK, previous_response_id: first.id })
      assert.equal(next.output_text, 'From far')
      assert.equal(far.node.asked.length, index + 2)
      assert.equal(far.node.asked.at(-1)?.Messages?.length, 3)
      const bob = clientOf(face, 'bob')
      await assert.rejects(bob.responses.retrieve(first.id), { status: 404, type: 'not_found' })
      await assert.rejects(bob.responses.create({ ...ASK, previous_response_id: first.id }), { status: 404 })
    }
    assert.equal(near.node.asked.length, 0)
    assert.equal((await clientOf(near, 'ann').responses.create(ASK)).output_text, 'From near')
  })

  it('is read on, cancelled and deleted through another node', async () => {
    const held = holds()
    far.node.script = held.script
    network.prefer('far')
    const ann = clientOf(near, 'ann')
    const stream = await ann.responses.create({ ...ASK, background: true, stream: true })
    let id = ''
    for await (const event of stream) {
      if (event.type === 'response.created') id = event.response.id
      if (event.type === 'response.output_text.delta') break
    }
    const through = clientOf(entry, 'ann')
    const rest = await through.responses.retrieve(id, { stream: true, starting_after: 1 })
    const types: string[] = []
    for await (const event of rest) {
      types.push(event.type)
      if (event.type === 'response.output_text.delta') {
        assert.equal((await through.responses.cancel(id)).status, 'cancelled')
      }
    }
    await held.broken
    assert.deepEqual([types[0], types.at(-1)], ['response.output_item.added', 'response.incomplete'])
    assert.equal((await ann.responses.retrieve(id)).status, 'cancelled')
    await through.responses.delete(id)
    await assert.rejects(ann.responses.retrieve(id), { status: 404 })
    await poll('all leases given back', WAIT_MS, () => far.node.leases === 0)
  })

  it('is not found where there are only other nodes, in the words of this dialect', async () => {
    far.node.script = words('Hello')
    network.prefer('far')
    const { id } = await clientOf(near, 'ann').responses.create(ASK)
    network.loseFar()
    for (const face of [near, entry]) {
      const ann = clientOf(face, 'ann')
      const missing = { status: 404, type: 'not_found', code: '', param: 'id' }
      await assert.rejects(ann.responses.retrieve(id), { ...missing, message: `404 response not found: ${id}` })
      await assert.rejects(ann.responses.cancel(id), missing)
      await assert.rejects(ann.responses.create({ ...ASK, previous_response_id: id }), {
        ...missing,
        param: 'previous_response_id',
        message: `404 previous response not found: ${id}`,
      })
    }
    const headers = { authorization: 'Bearer ann' }
    const none = await fetch(`${entry.url}/v1/responses`, { headers })
    assert.deepEqual(
      [none.status, await none.json()],
      [400, { error: { type: 'invalid_request_error', message: 'response ID is required', code: '', param: 'id' } }],
    )
    const nobody = await entry.post('/v1/responses', ASK, {
      headers: { ...headers, 'content-type': 'application/json' },
    })
    assert.equal(nobody.status, 503)
    assert.equal(((await nobody.json()) as { error: { type: string } }).error.type, 'server_error')
  })
})
