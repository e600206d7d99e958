import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type OpenAI from 'openai'
import { poll } from '../support/poll.ts'
import { createMemberNetwork } from './member-network.ts'
import { KINDS, replaying } from './replaying-backend.ts'
import { clientOf, holds } from './responses-harness.ts'
import { words } from './scripted-backend.ts'

const ASK = { model: 'tiny', input: 'hi' }
const WAIT_MS = 5000

describe('a response whose node has died', () => {
  it('is found, continued and deleted on another one, by whoever owns it', async () => {
    await using network = createMemberNetwork()
    const home = await network.keeping('a')
    const others = [await network.keeping('b'), await network.keeping('c')]
    const entry = await network.entry('x', { apiKeys: ['ann', 'bob'] })
    home.node.script = words('From a')
    for (const { node } of others) node.script = words('From elsewhere')
    const [ann, bob] = [clientOf(entry, 'ann'), clientOf(entry, 'bob')]
    const { id, output_text: text } = await ann.responses.create(ASK)
    assert.equal(text, 'From a')
    await poll('a copy is kept', WAIT_MS, () => others.some(({ responses }) => responses.stateOf(id) === 'finished'))
    network.kill('a')
    assert.equal((await ann.responses.retrieve(id)).output_text, 'From a')
    await assert.rejects(bob.responses.retrieve(id), { status: 404, type: 'not_found' })
    await assert.rejects(bob.responses.delete(id), { status: 404 })
    const next = await ann.responses.create({ ...ASK, previous_response_id: id })
    assert.equal(next.output_text, 'From elsewhere')
    const asked = others.flatMap(({ node }) => node.asked)
    assert.equal(asked.at(-1)?.Messages?.length, 3)
    await ann.responses.delete(id)
    await assert.rejects(ann.responses.retrieve(id), { status: 404 })
  })

  it('that was made in the background is made on another one, once, under the same id', async () => {
    await using network = createMemberNetwork()
    const home = await network.keeping('a')
    const others = [await network.keeping('b'), await network.keeping('c')]
    const entry = await network.entry('x', { apiKeys: ['ann', 'bob'] })
    home.node.script = words('Earlier')
    const ann = clientOf(entry, 'ann')
    const before = await ann.responses.create(ASK)
    const held = holds()
    home.node.script = held.script
    for (const { node } of others) node.script = words('Made', ' elsewhere')
    const { id, status } = await ann.responses.create({ ...ASK, previous_response_id: before.id, background: true })
    assert.equal(status, 'queued')
    await held.began
    const guards = () => others.filter(({ responses }) => responses.stateOf(id) === 'unfinished')
    await poll('somebody watches over it', WAIT_MS, () => guards().length === 1)
    network.kill('a')
    const made = await poll('it is made', WAIT_MS, async () => {
      const response = await ann.responses.retrieve(id).catch(() => undefined)
      return response?.status === 'completed' && response
    })
    assert.equal(made.output_text, 'Made elsewhere')
    assert.equal(made.previous_response_id, before.id)
    assert.deepEqual(
      others.map(({ node }) => node.asked.length).toSorted((one, other) => one - other),
      [0, 1],
    )
    assert.equal(others.flatMap(({ node }) => node.asked)[0]?.Messages?.length, 3)
    await assert.rejects(clientOf(entry, 'bob').responses.retrieve(id), { status: 404 })
    held.goOn()
  })
})

describe('a streamed response that its node hands on', () => {
  it('is over there and whole for its client: nothing keeps that node from stopping', async () => {
    await using network = createMemberNetwork()
    const plain = KINDS['plain'] ?? assert.fail()
    const home = await network.keeping('a')
    const other = await network.keeping('b')
    const entry = await network.entry('x')
    home.node.script = replaying(plain, { diesAfter: [4, 4, 4, 4] })
    other.node.script = replaying(plain)
    const events: OpenAI.Responses.ResponseStreamEvent[] = []
    const client = clientOf(entry)
    for await (const event of await client.responses.create({ ...ASK, stream: true })) events.push(event)
    const last = events.at(-1)
    assert.ok(last?.type === 'response.completed')
    assert.equal(other.node.asked.length, 1)
    await home.responses.stop()
    assert.equal((await client.responses.retrieve(last.response.id)).status, 'completed')
  })
})
