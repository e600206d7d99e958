import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../src/base/errors.ts'
import { createMcp, type OpenTools } from '../../src/mcp/create-mcp.ts'
import { MCP_LIMITS, type McpLimits, type ToolServer } from '../../src/mcp/tool-server.ts'
import { startHttpToolServer } from '../support/mcp/http-server.ts'
import { poll } from '../support/poll.ts'
import { gone } from '../support/processes.ts'

const SCRIPT = fileURLToPath(import.meta.resolve('../support/mcp/stdio-server.ts'))
const SECRET = 'correct-horse-battery'

function stdio(name = 'local', command = process.execPath): ToolServer {
  return { kind: 'stdio', name, command, args: [SCRIPT, name], env: { SERVER_SECRET: SECRET } }
}

function remote(url: string, token?: string): ToolServer {
  return { kind: 'remote', name: 'far', url, ...(token === undefined ? {} : { token }) }
}

/** The real servers of tools with a log and a clock of the test's. */
function start(limits: Partial<McpLimits> = {}) {
  const lines: string[] = []
  const clock = { ms: 0 }
  const note = (...parts: unknown[]): void => void lines.push(JSON.stringify(parts, errorsToo))
  const mcp = createMcp({ log: { warn: note, debug: note }, fetch, now: () => clock.ms }, { ...MCP_LIMITS, ...limits })
  return { mcp, lines, clock, [Symbol.asyncDispose]: () => mcp.stop() }
}

/** For the tests that need nothing but a server that is started. */
let shared: ReturnType<typeof start>

before(() => {
  process.env['LOCALAI_TEST_API_KEY'] = 'sk-secret'
  shared = start({ maxAnswerLength: 8000 })
})
after(async () => {
  delete process.env['LOCALAI_TEST_API_KEY']
  await shared[Symbol.asyncDispose]()
})

function errorsToo(_key: string, value: unknown): unknown {
  return value instanceof Error ? { message: value.message, cause: value.cause } : value
}

function tool(tools: OpenTools, name: string) {
  const found = tools.tools.find((one) => one.name === name)
  assert.ok(found, `there is no tool ${name}`)
  return found
}

function failure(pattern: RegExp, code = 'mcp.failed') {
  return (error: unknown) => error instanceof AppError && error.code === code && pattern.test(error.message)
}

test('a server that is started tells its tools, answers calls, and knows none of our secrets', async () => {
  const node = shared
  const tools = await node.mcp.open('m', [stdio()], {})
  const weather = tool(tools, 'weather')
  assert.equal(weather.description, 'The weather of a city')
  assert.deepEqual(weather.parameters['required'], ['city'])
  assert.deepEqual(await tools.call(weather, { city: 'Oslo' }, {}), { text: 'local: sunny in Oslo', failed: false })
  const { text } = await tools.call(tool(tools, 'environment'), {}, {})
  assert.match(text, /\bPATH\b/)
  assert.match(text, /SERVER_SECRET/)
  assert.doesNotMatch(text, /LOCALAI_TEST_API_KEY/)
  await poll('the line that the server writes', 10_000, () =>
    node.lines.some((line) => line.includes('started with [hidden]')),
  )
  assert.ok(!node.lines.some((line) => line.includes(SECRET)))
})

test('a refusal, a failure and a picture are answers; what is too long is cut', async () => {
  const tools = await shared.mcp.open('m', [stdio()], {})
  const refused = await tools.call(tool(tools, 'weather'), { city: 7 }, {})
  assert.equal(refused.failed, true)
  assert.deepEqual(await tools.call(tool(tools, 'fails'), {}, {}), { text: 'out of order', failed: true })
  assert.match((await tools.call(tool(tools, 'picture'), {}, {})).text, /image of type image\/png/)
  const { text } = await tools.call(tool(tools, 'huge'), { length: 9000 }, {})
  assert.equal(text, `${'x'.repeat(8000)}\n[cut off: 1000 more characters]`)
  assert.equal((await tools.call(tool(tools, 'nonsense'), {}, {})).text, 'said after nonsense')
})

test('a server that dies in the middle of a call fails the call and is started again', async () => {
  const node = shared
  const tools = await node.mcp.open('m', [stdio()], {})
  const first = (await tools.call(tool(tools, 'process'), {}, {})).text
  await assert.rejects(tools.call(tool(tools, 'dies'), {}, {}), failure(/failed to execute tools: "dies": .*has ended/))
  const again = await node.mcp.open('m', [stdio()], {})
  assert.notEqual((await again.call(tool(again, 'process'), {}, {})).text, first)
})

test('a server that hangs fails the call in time and is ended; so is one that sends too much', async () => {
  await using node = start({ callTimeoutMs: 200, maxMessageBytes: 100_000 })
  const tools = await node.mcp.open('m', [stdio()], {})
  const first = Number((await tools.call(tool(tools, 'process'), {}, {})).text)
  await assert.rejects(tools.call(tool(tools, 'hangs'), {}, {}), failure(/no answer in time/))
  await gone(first)
  const again = await node.mcp.open('m', [stdio()], {})
  await assert.rejects(again.call(tool(again, 'huge'), { length: 200_000 }, {}), failure(/failed to execute tools/))
})

test('a client that leaves ends its call and nothing else', async () => {
  const tools = await shared.mcp.open('m', [stdio()], {})
  const pid = (await tools.call(tool(tools, 'process'), {}, {})).text
  const leaving = new AbortController()
  const call = tools.call(tool(tools, 'hangs'), {}, { signal: leaving.signal })
  leaving.abort(new Error('gone'))
  await assert.rejects(call, /gone/)
  assert.equal((await tools.call(tool(tools, 'process'), {}, {})).text, pid)
})

test('a server that does not start is left out with a warning and asked again later', async () => {
  await using server = await startHttpToolServer()
  const works = remote(server.url)
  await using node = start({ retryDelayMs: 1000 })
  const broken = stdio('broken', '/nowhere/server')
  const tools = await node.mcp.open('m', [works, broken], {})
  assert.deepEqual(
    tools.servers.map(({ name }) => name),
    ['far'],
  )
  const warnings = () => node.lines.filter((line) => line.includes('does not work')).length
  assert.equal(warnings(), 1)
  await assert.rejects(
    node.mcp.open('m', [works, broken], { only: ['broken'] }),
    failure(/^no working MCP servers found$/, 'mcp.unavailable'),
  )
  assert.equal(warnings(), 1, 'asked again before the wait was over')
  node.clock.ms = 1000
  await node.mcp.open('m', [works, broken], {})
  assert.equal(warnings(), 2)
  node.clock.ms = 2999
  await node.mcp.open('m', [works, broken], {})
  assert.equal(warnings(), 2, 'the wait did not double')
})

test('a server that is silent is given up in time', async () => {
  await using node = start({ connectTimeoutMs: 150 })
  const silent: ToolServer = {
    kind: 'stdio',
    name: 'silent',
    command: process.execPath,
    args: ['-e', 'process.stdin.resume()'],
    env: {},
  }
  await assert.rejects(node.mcp.open('m', [silent], {}), failure(/no working MCP servers/, 'mcp.unavailable'))
  assert.ok(node.lines.some((line) => line.includes('no answer in time')))
})

test('stopping ends the servers; a configuration that changed ends the old one', async () => {
  const node = start()
  const before = await node.mcp.open('m', [stdio('one')], {})
  const first = Number((await before.call(tool(before, 'process'), {}, {})).text)
  const after = await node.mcp.open('m', [stdio('two')], {})
  const second = Number((await after.call(tool(after, 'process'), {}, {})).text)
  await gone(first)
  await node.mcp.stop()
  await gone(second)
  await assert.rejects(node.mcp.open('m', [stdio()], {}), failure(/shutting down/, 'node.stopping'))
})

test('a connection that nobody uses is closed', async () => {
  await using node = start({ idleTimeoutMs: 50 })
  const tools = await node.mcp.open('m', [stdio()], {})
  const first = Number((await tools.call(tool(tools, 'process'), {}, {})).text)
  await gone(first)
})

for (const older of [false, true]) {
  test(`a server over ${older ? 'the older event streams' : 'streamable HTTP'} is used with its token`, async () => {
    await using server = await startHttpToolServer({ older })
    await using node = start()
    const tools = await node.mcp.open('m', [remote(server.url, 'far-token')], {})
    const { text } = await tools.call(tool(tools, 'weather'), { city: 'Oslo' }, {})
    assert.match(text, /sunny in Oslo/)
    assert.ok(server.authorizations.every((value) => value === 'Bearer far-token'))
    assert.ok(!node.lines.some((line) => line.includes('far-token')))
    await node.mcp.open('m', [remote(server.url, 'far-token')], {})
    assert.equal(server.sessions(), 1, 'the session was not kept')
  })
}

test('a server that was started anew has forgotten the session: the call goes over a new one', async () => {
  await using server = await startHttpToolServer()
  await using node = start()
  const tools = await node.mcp.open('m', [remote(server.url)], {})
  server.forget()
  assert.match((await tools.call(tool(tools, 'weather'), { city: 'Oslo' }, {})).text, /sunny/)
  assert.equal(server.sessions(), 2)
})

test('several calls at once find that the server was started anew: all of them go over one new session', async () => {
  await using server = await startHttpToolServer()
  await using node = start()
  const tools = await node.mcp.open('m', [remote(server.url)], {})
  server.forget()
  const cities = ['Oslo', 'Bergen', 'Turku']
  const answers = await Promise.all(cities.map((city) => tools.call(tool(tools, 'weather'), { city }, {})))
  assert.deepEqual(
    answers.map(({ text }) => text),
    cities.map((city) => `http: sunny in ${city}`),
  )
  assert.equal(server.sessions(), 2)
})

test('a message over HTTP that is too large fails the call', async () => {
  await using server = await startHttpToolServer()
  await using node = start({ maxMessageBytes: 100_000, callTimeoutMs: 3000 })
  const tools = await node.mcp.open('m', [remote(server.url)], {})
  await assert.rejects(tools.call(tool(tools, 'huge'), { length: 200_000 }, {}), failure(/failed to execute tools/))
})

test('a server that sends its clients elsewhere is not followed', async () => {
  await using elsewhere = await startHttpToolServer()
  const redirecting = createServer((_request, response) => {
    response.writeHead(307, { location: elsewhere.url }).end()
  })
  redirecting.listen(0, '127.0.0.1')
  await once(redirecting, 'listening')
  try {
    await using node = start()
    const url = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}/mcp`
    await assert.rejects(node.mcp.open('m', [remote(url, 'far-token')], {}), failure(/no working/, 'mcp.unavailable'))
    assert.deepEqual(elsewhere.authorizations, [])
  } finally {
    redirecting.closeAllConnections()
    redirecting.close()
  }
})
