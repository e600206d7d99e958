import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RequestRouter } from '../../src/federation/routed-request.ts'
import { poll } from '../support/poll.ts'
import { startApi } from './api-harness.ts'
import { fakeNetwork } from './fake-network.ts'
import { createMemberNetwork, type EntryMember } from './member-network.ts'
import { holds } from './responses-harness.ts'
import { words } from './scripted-backend.ts'

const CHAT = '/v1/chat/completions'
const ASK = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] }
const WAIT_MS = 5000

async function ask(
  entry: Pick<EntryMember, 'post'>,
  key: string,
  { body = ASK, as = '' }: { body?: object; as?: string } = {},
) {
  return await entry.post(CHAT, body, {
    headers: { 'content-type': 'application/json', 'idempotency-key': key, authorization: `Bearer ${as}` },
  })
}

describe('a request that comes again under its Idempotency-Key', () => {
  it('gets the answer that was made, through any entry, and nothing is generated again', async () => {
    await using network = createMemberNetwork()
    const members = ['a', 'b', 'c'].map((name) => network.serving(name))
    const first = await network.entry('x')
    const second = await network.entry('y', { prefers: 'b' })
    const answer = await (await ask(first, 'k1')).text()
    assert.match(answer, /Hello world/)
    for (const entry of [first, second]) {
      const again = await ask(entry, 'k1')
      assert.equal(again.headers.get('idempotency-replayed'), 'true')
      assert.equal(await again.text(), answer)
    }
    const asked = () => members.reduce((sum, { node }) => sum + node.asked.length, 0)
    assert.equal(asked(), 1)
    // Another name, and none, are other requests.
    await (await ask(second, 'k2')).text()
    await (await second.post(CHAT, ASK)).text()
    assert.equal(asked(), 3)
  })

  it('follows its stream from the beginning when its entry has died', async () => {
    await using network = createMemberNetwork()
    const [a, b] = [network.serving('a'), network.serving('b')]
    const first = await network.entry('x')
    const second = await network.entry('y', { prefers: 'b' })
    const held = holds()
    a.node.script = held.script
    const body = { ...ASK, stream: true }
    const broken = await ask(first, 'k', { body })
    const reader = broken.body?.getReader()
    await reader?.read()
    network.kill('x')
    const again = await ask(second, 'k', { body })
    assert.equal(again.status, 200)
    held.goOn()
    const text = await again.text()
    assert.match(text, /"Hello"[\s\S]*" world"[\s\S]*\[DONE\]/)
    assert.deepEqual([a.node.asked.length, b.node.asked.length], [1, 0])
    await reader?.cancel().catch(() => {})
    await poll('all leases given back', WAIT_MS, () => a.node.leases === 0)
  })

  it('joins the one that is still at work', async () => {
    await using network = createMemberNetwork()
    const a = network.serving('a')
    const entry = await network.entry('x')
    const held = holds()
    a.node.script = held.script
    const one = ask(entry, 'k')
    await held.began
    const other = ask(entry, 'k')
    await poll('both are there', WAIT_MS, () => a.node.asked.length === 1)
    held.goOn()
    assert.equal(await (await one).text(), await (await other).text())
    assert.equal(a.node.asked.length, 1)
  })

  it('is there for the second one when the client of the first leaves', async () => {
    await using network = createMemberNetwork()
    const a = network.serving('a')
    const entry = await network.entry('x')
    const held = holds()
    a.node.script = held.script
    const leaving = new AbortController()
    const one = entry.post(CHAT, ASK, {
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
      signal: leaving.signal,
    })
    await held.began
    const other = ask(entry, 'k')
    leaving.abort()
    await assert.rejects(one)
    held.goOn()
    assert.match(await (await other).text(), /Hello world/)
    assert.equal(a.node.asked.length, 1)
  })

  it('is refused when it asks for something else, in the words of the dialect', async () => {
    await using network = createMemberNetwork()
    network.serving('a')
    const entry = await network.entry('x')
    await (await ask(entry, 'k')).text()
    const refused = await ask(entry, 'k', { body: { ...ASK, temperature: 1 } })
    assert.equal(refused.status, 422)
    assert.match(await refused.text(), /Idempotency-Key was used for another request/)
    const message = await entry.post(
      '/v1/messages',
      { ...ASK, max_tokens: 5 },
      {
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
      },
    )
    assert.equal(message.status, 422)
    assert.equal(((await message.json()) as { type: string }).type, 'error')
    assert.equal((await ask(entry, 'k'.repeat(256))).status, 400)
  })

  it('is kept also where a node serves its own clients, who get what was made for others', async () => {
    await using network = createMemberNetwork()
    const a = network.serving('a')
    const entry = await network.entry('x')
    let released = 0
    const place = {
      release(): void {
        released += 1
      },
    }
    const here: RequestRouter = { route: async () => ({ kind: 'local', place }) }
    await using own = await startApi({}, { ...fakeNetwork().deps, router: a.keys.around(here) })
    const answer = await (await ask(own, 'k')).text()
    assert.match(answer, /Hello world/)
    assert.equal(await (await ask(entry, 'k')).text(), answer)
    const other = await (await ask(entry, 'other')).text()
    const again = await ask(own, 'other')
    assert.match(again.headers.get('content-type') ?? '', /^application\/json/)
    assert.equal(again.headers.get('idempotency-replayed'), 'true')
    assert.equal(await again.text(), other)
    assert.deepEqual([a.node.asked.length, own.node.asked.length, released], [2, 0, 2])
  })

  it('comes as an answer, whatever the client says in the words that members have for each other', async () => {
    await using network = createMemberNetwork()
    const a = network.serving('a')
    const here: RequestRouter = { route: async () => ({ kind: 'local', place: { release() {} } }) }
    await using own = await startApi({}, { ...fakeNetwork().deps, router: a.keys.around(here) })
    const headers = { 'content-type': 'application/json', 'x-local-ai-journal': '1', 'x-local-ai-resume': '0' }
    const answer = await own.post(CHAT, ASK, { headers: { ...headers, 'idempotency-key': 'k' } })
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/)
    await answer.text()
  })

  it('is another one for another caller', async () => {
    await using network = createMemberNetwork()
    const a = network.serving('a')
    const entry = await network.entry('x', { apiKeys: ['ann', 'bob'] })
    for (const key of ['ann', 'bob']) {
      const answer = await ask(entry, 'k', { as: key })
      assert.equal(answer.headers.get('idempotency-replayed'), null)
      await answer.text()
    }
    assert.equal(a.node.asked.length, 2)
  })

  it('is made anew when the first time failed, or its node is gone', async () => {
    await using network = createMemberNetwork()
    const a = network.serving('a')
    const b = network.serving('b')
    const entry = await network.entry('x')
    a.node.script = async function* fails() {
      yield* []
      throw new Error('broken')
    }
    assert.equal((await ask(entry, 'k')).status, 500)
    a.node.script = words('Well')
    assert.match(await (await ask(entry, 'k')).text(), /Well/)
    b.node.script = words('From b')
    network.kill('a')
    assert.match(await (await ask(entry, 'k')).text(), /From b/)
  })
})
