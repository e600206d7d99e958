import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { createServer } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { startLocalAi } from '../support/local-ai.ts'
import { poll } from '../support/poll.ts'
import { type Swarm, type SwarmNode, startSwarm } from '../support/swarm.ts'

const SLOW = { tokens: 40, everyMs: 50 }
const CALLERS = 4
const WAIT_MS = 20_000

/** As soon as the answer begins. */
async function ask(options: RequestOptions, body?: string): Promise<IncomingMessage> {
  const asking = request({ host: '127.0.0.1', agent: false, ...options })
  asking.end(body)
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  return response
}

/** Listens where the kernel says, until it is disposed. */
async function listenAnywhere(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}

const noSharing = process.platform !== 'linux' && 'the kernel of this system does not deal out connections'

describe('entries that share an address', { skip: noSharing, timeout: 150_000 }, () => {
  let swarm: Swarm
  let port: number

  before(async () => {
    {
      await using free = await listenAnywhere()
      port = free.port
    }
    const shares = ['--shared-address', `127.0.0.1:${port}`]
    swarm = await startSwarm([
      { name: 'ada', scripted: ['of-ada'] },
      { name: 'one', entry: true, arguments: shares },
      { name: 'two', entry: true, arguments: shares },
    ])
  })
  after(() => swarm[Symbol.asyncDispose]())

  /** Over a connection of its own, unless an agent keeps one. */
  function chat(message: unknown, agent: Agent | false = false): Promise<IncomingMessage> {
    const stream = typeof message !== 'string'
    const content = stream ? JSON.stringify(message) : message
    const body = JSON.stringify({ model: 'of-ada', temperature: 0, stream, messages: [{ role: 'user', content }] })
    const headers = { 'content-type': 'application/json' }
    return ask({ port, path: '/v1/chat/completions', method: 'POST', headers, agent }, body)
  }

  /** Which entry has answered, and nothing was wrong with that. */
  async function entryOf(response: IncomingMessage): Promise<string> {
    const text = await textOf(response)
    assert.equal(response.statusCode, 200, text)
    assert.equal(response.headers['x-localai-node'], 'ada')
    return String(response.headers['x-localai-entry'])
  }

  /** Asks until each of these, and nobody else, has answered. */
  async function answering(...names: readonly string[]): Promise<void> {
    const seen = new Set<string>()
    await poll(`answers of ${names.join(' and ')}`, WAIT_MS, async () => {
      const entry = await entryOf(await chat('hello'))
      assert.ok(names.includes(entry), `${entry} has answered`)
      seen.add(entry)
      return seen.size === names.length
    })
  }

  /** A stream that has begun, through the entry that is named. */
  async function streamBy(name: string): Promise<IncomingMessage> {
    const others: IncomingMessage[] = []
    try {
      for (;;) {
        const response = await chat(SLOW)
        if (response.headers['x-localai-entry'] === name) return response
        others.push(response)
      }
    } finally {
      for (const other of others) other.destroy()
    }
  }

  async function assertWhole(stream: IncomingMessage): Promise<void> {
    const events = await textOf(stream)
    assert.equal((events.match(/"content":"t\d+ "/g) ?? []).length, SLOW.tokens, events)
    assert.ok(events.endsWith('data: [DONE]\n\n'))
  }

  const drain = (node: SwarmNode, draining: boolean) =>
    node.fetch(`${node.url}/api/p2p/drain`, { method: draining ? 'POST' : 'DELETE' })
  const hasLeft = (node: SwarmNode) =>
    node.process.waitForLog(({ msg }) => msg === 'the shared address is left to the other entries')

  it('each take their share of the connections, and say which of them has answered', async () => {
    await answering('one', 'two')
    const own = await swarm.node('one').chat('of-ada', 'hello')
    assert.equal(own.status, 200)
    assert.equal(own.headers.get('x-localai-entry'), null)
  })

  it('show there what all of them answer alike, and nothing that is of one of them', async () => {
    for (const path of ['/v1/models', '/v1/models/of-ada', '/readyz', '/healthz', '/version']) {
      assert.equal((await ask({ port, path })).statusCode, 200, path)
    }
    assert.equal((await ask({ port, path: '/v1/chat/completions', method: 'OPTIONS' })).statusCode, 204)
    assert.equal((await ask({ port, path: '/no/such/path' })).statusCode, 404)
    for (const path of ['/', '/app', '/metrics', '/api/p2p/federation', '/api/federation/requests', '/openapi.json']) {
      const refused = await ask({ port, path })
      assert.equal(refused.statusCode, 403, path)
      const { error } = JSON.parse(await textOf(refused)) as { error: { message: string } }
      assert.match(error.message, /own address of each entry/)
      const { url } = swarm.node('one')
      assert.ok((await fetch(`${url}${path}`)).ok, `${path} is at the entry's own address`)
    }
    const drained = await ask({ port, path: '/api/p2p/drain', method: 'POST' })
    assert.equal(drained.statusCode, 403)
  })

  it('lose nothing when one of them is killed, but what went through it', async () => {
    await swarm.node('one').end('SIGKILL')
    for (let count = 0; count < 20; count += 1) assert.equal(await entryOf(await chat('hello')), 'two')
    await swarm.node('one').start()
    await answering('one', 'two')
  })

  it('leave the address while they drain: what runs ends well, and connections that are kept go elsewhere', async () => {
    const one = swarm.node('one')
    const stream = await streamBy('one')
    await using agents = new DisposableStack()
    const agent = agents.adopt(new Agent({ keepAlive: true, maxSockets: 1 }), (each) => each.destroy())
    await poll('a connection with one', WAIT_MS, async () => {
      if ((await entryOf(await chat('hello', agent))) === 'one') return true
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy()
      return false
    })
    await drain(one, true)
    await hasLeft(one)
    for (let count = 0; count < 20; count += 1) assert.equal(await entryOf(await chat('hello')), 'two')
    const last = await chat('hello', agent)
    assert.equal(last.headers.connection, 'close')
    assert.equal(await entryOf(last), 'one')
    assert.equal(await entryOf(await chat('hello', agent)), 'two')
    await assertWhole(stream)
    assert.equal((await one.chat('of-ada', 'hello')).status, 503, 'its own address says that it drains')
    await drain(one, false)
    await answering('one', 'two')
  })

  it('are restarted one after the other without a request that fails', async () => {
    let over = false
    let sent = 0
    let resets = 0
    const failures: string[] = []
    // As every SDK does: the kernel may reset a connection that had not been taken yet.
    const again = (error: unknown): Promise<IncomingMessage> => {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error
      resets += 1
      return chat('hello')
    }
    const calls = Array.from({ length: CALLERS }, async () => {
      while (!over) {
        sent += 1
        await chat('hello')
          .catch(again)
          .then(entryOf)
          .catch((error: unknown) => failures.push(String(error)))
      }
    })
    for (const name of ['one', 'two']) {
      const node = swarm.node(name)
      const stream = await streamBy(name)
      const ended = node.end('SIGTERM')
      await assertWhole(stream)
      await ended
      await node.start()
      await node.process.waitForLog(({ msg }) => msg === 'the shared address is open')
      const before = sent
      await poll('requests go on', WAIT_MS, () => sent > before + CALLERS)
    }
    over = true
    await Promise.all(calls)
    assert.deepEqual(failures, [])
    assert.ok(resets <= 2 * CALLERS, `${resets} connections were reset`)
  })

  it('say when the address is not theirs to share, and serve at their own', async () => {
    await using taken = await listenAnywhere()
    const init = { name: 'three', entry: true, arguments: ['--shared-address', `127.0.0.1:${taken.port}`] }
    const three = await swarm.add(init)
    const { msg } = await three.process.waitForLog(({ level }) => level >= 50)
    assert.match(msg, new RegExp(`cannot be opened: port ${taken.port} is already in use.*--shared-address`))
    assert.equal((await three.chat('of-ada', 'hello')).status, 200)
  })

  it('need a port that they can all name, and share no accounts', async () => {
    const cases = [
      [['--shared-address', ':0'], /needs a port/],
      [['--shared-address', 'nonsense'], /no address to listen on/],
      [['--shared-address', `127.0.0.1:${port}`, '--auth-enabled'], /do not share accounts/],
    ] as const
    for (const [words, said] of cases) {
      const starting = startLocalAi({ subcommand: 'federated', arguments: ['--p2p-token', swarm.token, ...words] })
      await assert.rejects(starting, said)
    }
  })
})
