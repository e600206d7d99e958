import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import Type from 'typebox'
import { Value } from 'typebox/value'
import { createMcp } from '../../src/mcp/create-mcp.ts'
import { MCP_LIMITS } from '../../src/mcp/tool-server.ts'
import type { ModelConfig } from '../../src/models/model-config.ts'
import { type HttpToolServer, startHttpToolServer } from '../support/mcp/http-server.ts'
import { type ApiHarness, readEvents, startApi } from './api-harness.ts'
import { keepResponses } from './responses-harness.ts'
import { modelConfig, reply, type Script } from './scripted-backend.ts'

let tools: HttpToolServer

before(async () => {
  tools = await startHttpToolServer()
})
after(async () => await tools[Symbol.asyncDispose]())

interface Call {
  readonly name: string
  readonly arguments?: string
}

/** A model that calls as told, round by round, and then repeats what the last tool said. */
function calling(...rounds: readonly (readonly Call[])[]): Script {
  let round = 0
  return async function* script({ Messages = [] }) {
    const calls = rounds[round] ?? []
    round += 1
    if (calls.length === 0) {
      yield reply({ message: Buffer.from(`It said: ${Messages.at(-1)?.content}`), tokens: 5, prompt_tokens: 20 })
      return { finishReason: 'stop' }
    }
    yield reply({ message: Buffer.from('Let me see.'), tokens: 2, prompt_tokens: 10 })
    const tool_calls = calls.map(({ name, arguments: args = '{}' }, index) => ({
      index,
      id: `call_${round}_${index}`,
      name,
      arguments: args,
    }))
    yield reply({ chat_deltas: [{ content: '', reasoning_content: '', tool_calls }], tokens: 3, prompt_tokens: 10 })
    return { finishReason: 'tool-calls' }
  }
}

const WEATHER: Call = { name: 'weather', arguments: '{"city":"Oslo"}' }
const QUESTION = { model: 'tiny', messages: [{ role: 'user', content: 'How is the weather?' }] }
const OWN_TOOL = { type: 'function', function: { name: 'clock', parameters: { type: 'object', properties: {} } } }

interface Harness extends AsyncDisposable {
  readonly api: ApiHarness
}

/** A node whose model has this configuration; by default, a server of tools. */
async function startNode(config: Partial<ModelConfig> = { mcp: { remote: toRemote() } }): Promise<Harness> {
  const kept = await keepResponses()
  const log = { warn: () => {}, debug: () => {} }
  const mcp = createMcp({ log, fetch }, { ...MCP_LIMITS, callTimeoutMs: 300, connectTimeoutMs: 2000 })
  const api = await startApi({ responses: kept.responses, media: { mcp } })
  api.node.models = [{ id: 'tiny', config: modelConfig('tiny', config), created: 1 }]
  return {
    api,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await mcp.stop()
      await kept[Symbol.asyncDispose]()
    },
  }
}

function toRemote(servers: Record<string, object> = { far: { url: tools.url, token: 't' } }): string {
  return JSON.stringify({ mcpServers: servers })
}

const Answer = Type.Object({
  choices: Type.Array(
    Type.Object({
      finish_reason: Type.String(),
      message: Type.Object({
        content: Type.Union([Type.String(), Type.Null()]),
        tool_calls: Type.Optional(
          Type.Array(Type.Object({ index: Type.Integer(), function: Type.Object({ name: Type.String() }) })),
        ),
      }),
    }),
  ),
  usage: Type.Object({ prompt_tokens: Type.Integer(), completion_tokens: Type.Integer() }),
})

async function answerOf(response: Response) {
  const body: unknown = await response.json()
  assert.equal(response.status, 200, JSON.stringify(body))
  return Value.Parse(Answer, body)
}

async function errorOf(response: Response) {
  const body = (await response.json()) as { error: { type: string; message: string; param?: string } }
  return { status: response.status, type: body.error.type, message: body.error.message }
}

for (const path of ['/v1/mcp/chat/completions', '/mcp/v1/chat/completions', '/mcp/chat/completions']) {
  test(`[API-MCP-CHAT] POST ${path} runs the tools of the model's servers`, async () => {
    await using node = await startNode()
    node.api.node.script = calling([WEATHER])
    const { choices, usage } = await answerOf(await node.api.post(path, QUESTION))
    assert.equal(choices[0]?.message.content, 'Let me see.\n\nIt said: http: sunny in Oslo')
    assert.equal(choices[0]?.message.tool_calls, undefined)
    assert.equal(choices[0]?.finish_reason, 'stop')
    assert.deepEqual({ ...usage }.prompt_tokens, 30)
    assert.equal(usage.completion_tokens, 8)
    const [first, second] = node.api.node.asked
    assert.match(first?.Tools ?? '', /"weather"/)
    assert.deepEqual(
      second?.Messages?.map(({ role }) => role),
      ['user', 'assistant', 'tool'],
    )
    assert.equal(second?.Messages?.[2]?.tool_call_id, 'call_1_0')
  })
}

test('[API-MCP-CHAT] a stream tells what each tool gave, between the chunks', async () => {
  await using node = await startNode()
  node.api.node.script = calling([WEATHER, { name: 'fails' }])
  const response = await node.api.post('/mcp/v1/chat/completions', { ...QUESTION, stream: true })
  const events = (await readEvents(response)) as ({ type?: string; name?: string; result?: string } | string)[]
  const results = events.filter((event) => typeof event === 'object' && event.type === 'mcp_tool_result')
  assert.deepEqual(results, [
    { type: 'mcp_tool_result', name: 'weather', result: 'http: sunny in Oslo' },
    { type: 'mcp_tool_result', name: 'fails', result: 'out of order' },
  ])
  assert.equal(events.at(-1), '[DONE]')
  assert.ok(!JSON.stringify(events).includes('tool_calls'), 'the client saw calls that were not for it')
})

test('[API-MCP-CHAT] a call of a tool of the client ends the turn, and the tools of the node are not run beside it', async () => {
  await using node = await startNode()
  node.api.node.script = calling([WEATHER, { name: 'clock' }])
  const answered = await answerOf(await node.api.post('/mcp/v1/chat/completions', { ...QUESTION, tools: [OWN_TOOL] }))
  const [choice] = answered.choices
  assert.equal(choice?.finish_reason, 'tool_calls')
  assert.deepEqual(
    choice?.message.tool_calls?.map((call) => [call.index, call.function.name]),
    [[0, 'clock']],
  )
  assert.equal(node.api.node.asked.length, 1)
})

test('[API-MCP-CHAT] the model answers without tools when its rounds are used up', async () => {
  await using node = await startNode({ mcp: { remote: toRemote() }, maxToolRounds: 2 })
  node.api.node.script = calling([WEATHER], [WEATHER], [])
  const { choices } = await answerOf(await node.api.post('/mcp/v1/chat/completions', QUESTION))
  assert.match(choices[0]?.message.content ?? '', /It said/)
  assert.deepEqual(
    node.api.node.asked.map(({ Tools }) => (Tools ?? '') !== ''),
    [true, true, false],
  )
})

test('[API-MCP-CHAT] arguments that are no JSON are told to the model', async () => {
  await using node = await startNode()
  node.api.node.script = calling([{ name: 'weather', arguments: '{"city":' }])
  const { choices } = await answerOf(await node.api.post('/mcp/v1/chat/completions', QUESTION))
  assert.match(choices[0]?.message.content ?? '', /It said: the arguments of the call are no JSON object/)
})

test('[API-MCP-CHAT] two tools of the same name are both there', async () => {
  await using node = await startNode({ mcp: { remote: toRemote({ a: { url: tools.url }, b: { url: tools.url } }) } })
  node.api.node.script = calling([{ ...WEATHER, name: 'b_weather' }])
  const own = { type: 'function', function: { name: 'fails' } }
  const response = await node.api.post('/mcp/v1/chat/completions', { ...QUESTION, tools: [own] })
  assert.match((await answerOf(response)).choices[0]?.message.content ?? '', /sunny in Oslo/)
  const offered = JSON.parse(node.api.node.asked[0]?.Tools ?? '[]') as { function: { name: string } }[]
  const names = offered.map((tool) => tool.function.name)
  assert.equal(new Set(names).size, names.length)
  for (const name of ['weather', 'b_weather', 'fails', 'a_fails', 'b_fails']) assert.ok(names.includes(name), name)
})

test('[API-MCP-CHAT] plain chat completions use servers only when `metadata.mcp_servers` names them', async () => {
  await using node = await startNode({
    mcp: { remote: toRemote({ far: { url: tools.url }, gone: { url: 'http://127.0.0.1:9/' } }) },
  })
  node.api.node.script = calling()
  await answerOf(await node.api.post('/v1/chat/completions', QUESTION))
  assert.equal(node.api.node.asked[0]?.Tools ?? '', '')
  node.api.node.script = calling([WEATHER])
  const metadata = { mcp_servers: 'far', mood: 'good' }
  const asked = await node.api.post('/v1/chat/completions', { ...QUESTION, metadata })
  assert.match((await answerOf(asked)).choices[0]?.message.content ?? '', /sunny/)
  assert.deepEqual(node.api.node.asked[1]?.Metadata, { mood: 'good' })
  const unknown = await node.api.post('/v1/chat/completions', { ...QUESTION, metadata: { mcp_servers: 'far,nobody' } })
  assert.deepEqual(await errorOf(unknown), {
    status: 400,
    type: 'invalid_request_error',
    message: 'metadata.mcp_servers: "nobody" is no server of the model "tiny"',
  })
})

test('[API-MCP-CHAT] a model without servers is refused', async () => {
  await using node = await startNode({})
  const { status, message } = await errorOf(await node.api.post('/mcp/v1/chat/completions', QUESTION))
  assert.equal(status, 400)
  assert.match(message, /model "tiny" has no MCP servers/)
})

test('[CLI-RUN-DISABLE-MCP] without MCP, its routes are not there and models answer without their servers', async () => {
  await using kept = await keepResponses()
  await using api = await startApi({ responses: kept.responses })
  api.node.models = [{ id: 'tiny', config: modelConfig('tiny', { mcp: { remote: toRemote() } }), created: 1 }]
  assert.equal((await api.post('/mcp/v1/chat/completions', QUESTION)).status, 404)
  const response = await api.post('/v1/responses', { model: 'tiny', input: 'Hello' })
  assert.equal(response.status, 200)
  assert.equal(api.node.asked[0]?.Tools ?? '', '')
})

test('[API-MCP-SERVERS] GET /v1/mcp/servers/:model lists the servers that work, with their tools', async () => {
  const servers = { far: { url: tools.url, token: 't0ken' }, gone: { url: 'http://127.0.0.1:9/' } }
  await using node = await startNode({ mcp: { remote: toRemote(servers) } })
  const response = await fetch(`${node.api.url}/v1/mcp/servers/tiny`)
  const body = (await response.json()) as { model: string; servers: { name: string; type: string; tools: string[] }[] }
  assert.equal(body.model, 'tiny')
  assert.deepEqual(
    body.servers.map(({ name, type }) => ({ name, type })),
    [{ name: 'far', type: 'remote' }],
  )
  assert.ok(body.servers[0]?.tools.includes('weather'))
  const unknown = await fetch(`${node.api.url}/v1/mcp/servers/other`)
  assert.deepEqual([unknown.status, await unknown.json()], [404, { error: 'model "other" not found' }])
  node.api.node.models = [{ id: 'tiny', config: modelConfig('tiny', { mcp: { stdio: '[' } }), created: 1 }]
  assert.equal((await fetch(`${node.api.url}/v1/mcp/servers/tiny`)).status, 422)
  node.api.node.models = [{ id: 'tiny', config: modelConfig('tiny'), created: 1 }]
  const none = await fetch(`${node.api.url}/v1/mcp/servers/tiny`)
  assert.deepEqual(await none.json(), { model: 'tiny', servers: [] })
})

const INPUT = { model: 'tiny', input: 'How is the weather?' }

interface Output {
  readonly id: string
  readonly output: readonly {
    type: string
    call_id?: string
    name?: string
    output?: string
    content?: { text: string }[]
  }[]
}

test('[API-RESPONSES-MCP] calls and results of the tools stand in the output, and go on in the next response', async () => {
  await using node = await startNode()
  node.api.node.script = calling([WEATHER])
  const first = (await (await node.api.post('/v1/responses', INPUT)).json()) as Output
  assert.deepEqual(
    first.output.map(({ type }) => type),
    ['message', 'function_call', 'function_call_output', 'message'],
  )
  const [, call, result, last] = first.output
  assert.equal(call?.name, 'weather')
  assert.equal(result?.call_id, call?.call_id)
  assert.equal(result?.output, 'http: sunny in Oslo')
  assert.match(last?.content?.[0]?.text ?? '', /sunny in Oslo/)
  node.api.node.script = calling()
  await node.api.post('/v1/responses', { ...INPUT, input: 'And?', previous_response_id: first.id })
  assert.deepEqual(
    node.api.node.asked.at(-1)?.Messages?.map(({ role }) => role),
    ['user', 'assistant', 'tool', 'assistant', 'user'],
  )
})

test('[API-RESPONSES-MCP] a stream has events for the results', async () => {
  await using node = await startNode()
  node.api.node.script = calling([WEATHER])
  const response = await node.api.post('/v1/responses', { ...INPUT, stream: true })
  const text = await response.text()
  const events = text.split('\n\n').flatMap((block) => /^data: (\{.*)$/m.exec(block)?.[1] ?? [])
  const parsed = events.map(
    (json) => JSON.parse(json) as { type: string; sequence_number: number; item?: { type: string } },
  )
  assert.deepEqual(
    parsed.map(({ sequence_number }) => sequence_number),
    parsed.map((_, index) => index),
  )
  const results = parsed.filter(({ item }) => item?.type === 'function_call_output').map(({ type }) => type)
  assert.deepEqual(results, ['response.output_item.added', 'response.output_item.done'])
  assert.equal(parsed.at(-1)?.type, 'response.completed')
})

test('[API-RESPONSES-MCP] beside a call of the client, the tools of the node have run: their results are kept', async () => {
  await using node = await startNode()
  node.api.node.script = calling([WEATHER, { name: 'clock' }])
  const own = { type: 'function', name: 'clock', parameters: {} }
  const { output } = (await (await node.api.post('/v1/responses', { ...INPUT, tools: [own] })).json()) as Output
  assert.deepEqual(
    output.map(({ type, name }) => name ?? type),
    ['message', 'weather', 'clock', 'function_call_output'],
  )
})

test('[API-RESPONSES-MCP] `max_tool_calls` and `parallel_tool_calls` bound what is run', async () => {
  await using node = await startNode()
  node.api.node.script = calling([WEATHER, WEATHER], [WEATHER])
  const body = { ...INPUT, parallel_tool_calls: false, max_tool_calls: 1 }
  const { output } = (await (await node.api.post('/v1/responses', body)).json()) as Output
  assert.equal(output.filter(({ type }) => type === 'function_call_output').length, 1)
})

test('[API-RESPONSES-MCP] of several calls at once, `max_tool_calls` lets run as many as are left', async () => {
  await using node = await startNode()
  node.api.node.script = calling([WEATHER], [WEATHER, { name: 'clock' }, WEATHER, WEATHER], [WEATHER])
  const own = { type: 'function', name: 'clock', parameters: {} }
  const body = { ...INPUT, max_tool_calls: 2, tools: [own] }
  const { output } = (await (await node.api.post('/v1/responses', body)).json()) as Output
  assert.deepEqual(
    output.map(({ type, name }) => name ?? type),
    ['message', 'weather', 'function_call_output', 'message', 'weather', 'clock', 'function_call_output'],
  )
})

test('[ERR-RESPONSES-500-MCP-CONFIG] a block that cannot be read', async () => {
  await using node = await startNode({ mcp: { remote: '{"mcpServers": {"far": {"token": "s3cr3t-value"}}}' } })
  const { status, type, message } = await errorOf(await node.api.post('/v1/responses', INPUT))
  assert.deepEqual({ status, type }, { status: 500, type: 'server_error' })
  assert.match(message, /^failed to get MCP config: the server "far" of "mcp.remote" needs a "url"/)
  assert.doesNotMatch(message, /s3cr3t/)
})

test('[ERR-RESPONSES-500-MCP-SERVERS] no server works', async () => {
  await using node = await startNode({ mcp: { remote: toRemote({ gone: { url: 'http://127.0.0.1:9/' } }) } })
  const { status, type, message } = await errorOf(await node.api.post('/v1/responses', INPUT))
  assert.deepEqual({ status, type }, { status: 500, type: 'server_error' })
  assert.match(message, /^no working MCP servers found( \(request .*\))?$/)
})

test('[ERR-RESPONSES-500-TOOLS] a tool gives no answer', async () => {
  await using node = await startNode()
  node.api.node.script = calling([WEATHER, { name: 'hangs' }])
  const { status, type, message } = await errorOf(await node.api.post('/v1/responses', INPUT))
  assert.deepEqual({ status, type }, { status: 500, type: 'model_error' })
  assert.match(message, /^failed to execute tools: "hangs": no answer in time/)
})

test('[API-MCP-CHAT] a tool that gives no answer ends a stream with an error', async () => {
  await using node = await startNode()
  node.api.node.script = calling([{ name: 'hangs' }])
  const response = await node.api.post('/mcp/v1/chat/completions', { ...QUESTION, stream: true })
  const events = await readEvents(response)
  assert.match(JSON.stringify(events.at(-2)), /failed to execute tools/)
  assert.equal(events.at(-1), '[DONE]')
})
