import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { before, it } from 'node:test'
import { promisify } from 'node:util'
import { MAIN } from '../../support/local-ai.ts'
import { poll } from '../../support/poll.ts'
import type { Swarm, SwarmNode } from '../../support/swarm.ts'

/** What the product promises on one LAN. */
const JOIN_MS = 5000
const OUT_OF_ROUTING_MS = 1000
const GONE_MS = 10_000
/** Longer than any period at which nodes tell each other what they know. */
const QUIET_MS = 4000

const SLOW = { tokens: 40, everyMs: 50 }

/** Nodes come and go. */
export function lifeTests(swarmOf: () => Swarm): void {
  let swarm: Swarm
  before(() => {
    swarm = swarmOf()
  })

  it('uses a node that joins later', async () => {
    assert.equal((await swarm.node('door').chat('of-cyd', 'hello')).status, 404)
    const started = performance.now()
    await swarm.add({ name: 'cyd', scripted: ['of-cyd'] })
    const joined = performance.now()
    for (const name of ['ada', 'bob', 'door']) {
      await poll(`${name} reaches cyd`, JOIN_MS, async () => (await answerOf(swarm.node(name), 'of-cyd')) === 'cyd')
    }
    assert.ok(joined - started < 30_000)
    assert.equal(await answerOf(swarm.node('cyd'), 'of-ada'), 'ada')
  })

  it('never lets in a node with another token, which is told why', async () => {
    const eve = swarm.node('eve')
    await poll('eve is told', JOIN_MS, async () => {
      const { findings } = (await eve.ask('/api/p2p/status')) as { findings: readonly { problem: string }[] }
      return findings.some(({ problem }) => problem === 'token-differs')
    })
    assert.deepEqual(await eve.peers(), [])
    assert.equal((await eve.chat('of-ada', 'hello')).status, 404)
    for (const name of ['ada', 'bob', 'cyd', 'door']) {
      const node = swarm.node(name)
      assert.ok(!(await node.peers()).some((peer) => peer.name === 'eve'), name)
      assert.ok(!(await node.models()).includes('of-eve'), name)
    }
    await eve.end('SIGTERM')
  })

  it('keeps running streams while the entry they do not use is restarted', async () => {
    const streams = ['of-ada', 'of-bob'].map(
      async (model) => await swarm.node('cyd').chat(model, SLOW, { stream: true }),
    )
    const door = swarm.node('door')
    const before = door.peerId
    await door.end('SIGTERM')
    await door.start()
    for (const response of await Promise.all(streams)) await assertWhole(response, SLOW.tokens)
    assert.equal(door.peerId, before)
    for (const model of ['of-ada', 'of-bob', 'of-cyd']) {
      await poll(`door reaches ${model}`, JOIN_MS, async () => (await door.chat(model, 'hello')).ok)
    }
  })

  it('drains: what runs ends well, what is new goes elsewhere, and all of it can be taken back', async () => {
    const bob = swarm.node('bob')
    const door = swarm.node('door')
    const streams = await Promise.all([bob, door].map((node) => node.chat('of-bob', SLOW, { stream: true })))
    const drained = cli('p2p', 'drain', '--wait', '--endpoint', bob.url)
    await poll('bob drains', JOIN_MS, async () => (await bob.fetch(`${bob.url}/readyz`)).status === 503)
    const state = (await bob.ask('/api/p2p/drain')) as { readonly running: number }
    assert.ok(state.running > 0)
    for (const node of [bob, door]) {
      assert.equal((await node.chat('of-bob', 'hello')).status, 503)
      for (let count = 0; count < 4; count += 1) assert.equal(await answerOf(node, 'shared'), 'ada')
    }
    for (const stream of streams) await assertWhole(stream, SLOW.tokens)
    assert.match(await drained, /nothing runs there/)
    assert.match(await cli('p2p', 'drain', '--undo', '--endpoint', bob.url), /takes new requests/)
    assert.equal((await bob.fetch(`${bob.url}/readyz`)).status, 200)
    await poll('door reaches bob', JOIN_MS, async () => (await answerOf(door, 'of-bob')) === 'bob')
  })

  it('drains an entry: what runs through it ends well, what is new is refused until that is taken back', async () => {
    const door = swarm.node('door')
    const stream = await door.chat('of-ada', SLOW, { stream: true })
    const drained = cli('p2p', 'drain', '--wait', '--endpoint', door.url)
    await poll('door drains', JOIN_MS, async () => (await door.fetch(`${door.url}/readyz`)).status === 503)
    const refused = await door.chat('of-ada', 'hello')
    assert.equal(refused.status, 503)
    assert.ok(Number(refused.headers.get('retry-after')) > 0)
    await assertWhole(stream, SLOW.tokens)
    assert.match(await drained, /nothing runs there/)
    assert.match(await cli('p2p', 'drain', '--undo', '--endpoint', door.url), /takes new requests/)
    assert.equal((await door.fetch(`${door.url}/readyz`)).status, 200)
    assert.equal(await answerOf(door, 'of-ada'), 'ada')
  })

  it('says goodbye: a node that stops is gone at once, and back at once as the same node', async () => {
    const cyd = swarm.node('cyd')
    const { peerId } = cyd
    await cyd.end('SIGTERM')
    for (const name of ['ada', 'bob', 'door']) {
      const node = swarm.node(name)
      await poll(`${name} forgets cyd`, OUT_OF_ROUTING_MS, async () => !(await sees(node, 'cyd')))
      assert.equal((await node.chat('of-cyd', 'hello')).status, 404)
    }
    await cyd.start()
    assert.equal(cyd.peerId, peerId)
    for (const name of ['ada', 'bob', 'door']) {
      await poll(`${name} reaches cyd`, JOIN_MS, async () => (await answerOf(swarm.node(name), 'of-cyd')) === 'cyd')
    }
  })

  it('loses no request that had not begun when a node is killed, and does not raise the dead', async () => {
    const bob = swarm.node('bob')
    const door = swarm.node('door')
    const load = createLoad(door)
    await poll('both serve', 20_000, () => load.servedBy.has('ada') && load.servedBy.has('bob'))
    await bob.end('SIGKILL')
    const others = ['ada', 'cyd', 'door'].map((name) => swarm.node(name))
    await Promise.all(
      others.map((node) =>
        poll(`${node.name} routes past bob`, OUT_OF_ROUTING_MS, async () => !(await sees(node, 'bob'))),
      ),
    )
    const ended = load.sent
    await poll('requests go on', 10_000, () => load.sent > ended + 20)
    const { failures, broken } = await load.stop()
    assert.deepEqual(failures, [])
    // At most what bob was writing at that moment is cut.
    assert.ok(broken <= CALLERS, `${broken} answers were cut`)

    await Promise.all(
      others.map((node) =>
        poll(
          `${node.name} forgets bob`,
          GONE_MS,
          async () => !(await node.peers()).some((peer) => peer.name === 'bob'),
        ),
      ),
    )
    assert.equal((await door.chat('of-bob', 'hello')).status, 404)
    // Somebody new hears everything that the others still know.
    const dan = await swarm.add({ name: 'dan', scripted: ['of-dan'] })
    const watched = [...others, dan]
    const until = performance.now() + QUIET_MS
    await poll('the quiet time passes', QUIET_MS * 2, async () => {
      for (const node of watched) {
        assert.ok(!(await node.peers()).some((peer) => peer.name === 'bob'), `${node.name} raised the dead`)
        assert.ok(!(await node.models()).includes('of-bob'), `${node.name} raised the model of the dead`)
      }
      return performance.now() > until
    })

    await bob.start()
    for (const node of watched) {
      await poll(`${node.name} reaches bob`, JOIN_MS, async () => (await answerOf(node, 'of-bob')) === 'bob')
    }
  })
}

/** What the command prints. */
async function cli(...words: readonly string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [MAIN, ...words])).stdout
}

const CALLERS = 8

/** Callers that ask for `shared` without a pause, each for a short answer. */
function createLoad(door: SwarmNode) {
  const servedBy = new Set<string>()
  const failures: string[] = []
  let sent = 0
  let broken = 0
  let stopped = false

  async function call(): Promise<void> {
    while (!stopped) {
      sent += 1
      try {
        const response = await door.chat('shared', { tokens: 3, everyMs: 5 }, { stream: true })
        if (!response.ok) failures.push(`${response.status} ${await response.text()}`)
        else if (!isWhole(await response.text().catch(() => ''), 3)) broken += 1
        servedBy.add(response.headers.get('x-localai-node') ?? 'nobody')
      } catch (error) {
        failures.push(String(error))
      }
    }
  }

  const calls = Array.from({ length: CALLERS }, call)
  return {
    servedBy,
    get sent() {
      return sent
    },
    async stop() {
      stopped = true
      await Promise.all(calls)
      return { failures, broken }
    },
  }
}

function isWhole(events: string, tokens: number): boolean {
  return events.endsWith('data: [DONE]\n\n') && (events.match(/"content":"t\d+ "/g) ?? []).length === tokens
}

async function assertWhole(response: Response, tokens: number): Promise<void> {
  const events = await response.text()
  assert.equal(response.status, 200, events)
  assert.ok(isWhole(events, tokens), events)
}

/** Who answered; undefined when nobody did. */
async function answerOf(node: SwarmNode, model: string): Promise<string | null | undefined> {
  const response = await node.chat(model, 'hello')
  const text = await response.text()
  return response.ok && text.includes('hello') ? response.headers.get('x-localai-node') : undefined
}

/** Whether requests may go there. */
async function sees(node: SwarmNode, name: string): Promise<boolean> {
  return (await node.peers()).some((peer) => peer.name === name && peer.isOnline)
}
