import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { ChatCompletion, ChatCompletionChunk, ErrorBody } from '../../src/api/openai/response-schema.ts'
import { AppError } from '../../src/base/errors.ts'
import { readEvents, startApi } from './api-harness.ts'
import { reply, type Script, words } from './scripted-backend.ts'

const CHAT = '/v1/chat/completions'
const body = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] }

/** The value, which must be exactly of the shape. */
function exactly<T extends TSchema>(schema: T, value: unknown) {
  assert.deepEqual(Value.Errors(schema, value), [], JSON.stringify(value))
  return Value.Parse(schema, value)
}

async function chunksOf(response: Response) {
  const events = await readEvents(response)
  assert.equal(events.pop(), '[DONE]')
  return events.map((event) => exactly(ChatCompletionChunk, event))
}

const calls = (tool_calls: { index: number; id?: string; name?: string; arguments?: string }[]) => ({
  chat_deltas: [
    {
      content: '',
      reasoning_content: '',
      tool_calls: tool_calls.map((call) => ({ id: '', name: '', arguments: '', ...call })),
    },
  ],
})

const twoCalls: Script = async function* script() {
  yield reply(calls([{ index: 0, id: 'call_a', name: 'get' }]))
  yield reply(calls([{ index: 0, arguments: '{"city":' }]))
  yield reply(calls([{ index: 0, arguments: '"Oslo"}' }]))
  yield reply({ ...calls([{ index: 1, id: 'call_b', name: 'set', arguments: '{}' }]), tokens: 9, prompt_tokens: 4 })
  return {}
}

const tools = ['get', 'set'].map((name) => ({ type: 'function', function: { name, parameters: { type: 'object' } } }))

describe('a whole answer', () => {
  it('has exactly the fields it should', async () => {
    await using api = await startApi()
    const response = await api.post(CHAT, body)
    assert.equal(response.status, 200)
    const answer = exactly(ChatCompletion, await response.json())
    assert.match(answer.id, /^chatcmpl-/)
    assert.equal(answer.model, 'tiny')
    assert.deepEqual(answer.choices, [
      { index: 0, message: { role: 'assistant', content: 'Hello world' }, logprobs: null, finish_reason: 'stop' },
    ])
    assert.deepEqual(answer.usage, {
      prompt_tokens: 7,
      completion_tokens: 2,
      total_tokens: 9,
      prompt_tokens_details: { cached_tokens: 2 },
    })
    assert.equal(api.node.leases, 0)
  })

  it('says length when the limit cut it off', async () => {
    await using api = await startApi()
    const answer = exactly(ChatCompletion, await (await api.post(CHAT, { ...body, max_tokens: 2 })).json())
    assert.equal(api.node.asked[0]?.Tokens, 2)
    api.node.script = async function* script() {
      yield reply({ message: Buffer.from('cut'), tokens: 2 })
      return { finishReason: 'length' }
    }
    const cut = exactly(ChatCompletion, await (await api.post(CHAT, { ...body, max_tokens: 2 })).json())
    assert.equal(answer.choices[0]?.finish_reason, 'stop')
    assert.equal(cut.choices[0]?.finish_reason, 'length')
  })

  it('gives n choices from n seeds, and counts their prompt once', async () => {
    await using api = await startApi()
    api.node.script = async function* script({ Seed }) {
      yield reply({ message: Buffer.from(`seed ${Seed}`), tokens: 3, prompt_tokens: 5 })
      return {}
    }
    const answer = exactly(ChatCompletion, await (await api.post(CHAT, { ...body, n: 6, seed: 40 })).json())
    assert.deepEqual(
      answer.choices.map(({ index, message }) => [index, message.content]),
      [40, 41, 42, 43, 44, 45].map((seed, index) => [index, `seed ${seed}`]),
    )
    assert.equal(answer.usage.prompt_tokens, 5)
    assert.equal(answer.usage.completion_tokens, 18)
  })

  it('carries tool calls, and a function_call for those who asked with functions', async () => {
    await using api = await startApi()
    api.node.script = twoCalls
    const answer = exactly(ChatCompletion, await (await api.post(CHAT, { ...body, tools })).json())
    assert.equal(answer.choices[0]?.finish_reason, 'tool_calls')
    assert.deepEqual(answer.choices[0]?.message, {
      role: 'assistant',
      content: null,
      tool_calls: [
        { index: 0, id: 'call_a', type: 'function', function: { name: 'get', arguments: '{"city":"Oslo"}' } },
        { index: 1, id: 'call_b', type: 'function', function: { name: 'set', arguments: '{}' } },
      ],
    })
    const functions = tools.map((tool) => tool.function)
    const legacy = exactly(ChatCompletion, await (await api.post(CHAT, { ...body, functions })).json())
    assert.equal(legacy.choices[0]?.finish_reason, 'function_call')
    assert.deepEqual(legacy.choices[0]?.message.function_call, { name: 'get', arguments: '{"city":"Oslo"}' })
  })

  it('carries one call only when calls are not to be parallel', async () => {
    await using api = await startApi()
    api.node.script = twoCalls
    const one = { ...body, tools, parallel_tool_calls: false }
    const answer = exactly(ChatCompletion, await (await api.post(CHAT, one)).json())
    assert.equal(answer.choices[0]?.finish_reason, 'tool_calls')
    assert.deepEqual(answer.choices[0]?.message.tool_calls, [
      { index: 0, id: 'call_a', type: 'function', function: { name: 'get', arguments: '{"city":"Oslo"}' } },
    ])
    const chunks = await chunksOf(await api.post(CHAT, { ...one, stream: true }))
    const indexes = chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.tool_calls ?? []))
    assert.deepEqual([...new Set(indexes.map(({ index }) => index))], [0])
    assert.equal(chunks.at(-1)?.choices[0]?.finish_reason, 'tool_calls')
  })

  it('carries reasoning, log probabilities and timings when there are any', async () => {
    await using api = await startApi()
    const logprobs = { content: [{ token: 'a', logprob: -0.1, bytes: [97], top_logprobs: [] }] }
    api.node.script = async function* script() {
      yield reply({ chat_deltas: [{ content: '', reasoning_content: 'hm', tool_calls: [] }] })
      yield reply({
        chat_deltas: [{ content: 'a', reasoning_content: '', tool_calls: [] }],
        logprobs: Buffer.from(JSON.stringify(logprobs)),
        timing_prompt_processing: 3,
        timing_token_generation: 4,
      })
      return {}
    }
    const headers = { 'content-type': 'application/json', 'extra-usage': 'yes' }
    const response = await api.post(CHAT, { ...body, logprobs: true, top_logprobs: 2 }, { headers })
    const answer = exactly(ChatCompletion, await response.json())
    assert.deepEqual(answer.choices[0]?.message, {
      role: 'assistant',
      content: 'a',
      reasoning: 'hm',
      reasoning_content: 'hm',
    })
    assert.deepEqual(answer.choices[0]?.logprobs, logprobs)
    assert.equal(answer.usage.timing_prompt_processing, 3)
    assert.equal(answer.usage.timing_token_generation, 4)
    assert.equal(api.node.asked[0]?.TopLogprobs, 2)
  })

  it("takes the node's model when the request names none", async () => {
    await using api = await startApi()
    const { messages } = body
    const named = await api.post(`${CHAT}?model=other`, { messages })
    assert.equal(named.status, 400)
    const answer = exactly(ChatCompletion, await (await api.post('/chat/completions/', { messages })).json())
    assert.equal(answer.model, 'tiny')
    api.node.models = []
    const none = await api.post(CHAT, { messages })
    assert.equal(none.status, 400)
    assert.equal(exactly(ErrorBody, await none.json()).error.param, 'model')
  })
})

describe('a stream', () => {
  it('begins with the role, goes on word by word, and ends with a reason and [DONE]', async () => {
    await using api = await startApi()
    const response = await api.post(CHAT, { ...body, stream: true })
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    const chunks = await chunksOf(response)
    assert.deepEqual(
      chunks.map(({ choices }) => choices),
      [
        [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
        [{ index: 0, delta: { content: 'Hello' }, finish_reason: null }],
        [{ index: 0, delta: { content: ' world' }, finish_reason: null }],
        [{ index: 0, delta: {}, finish_reason: 'stop' }],
      ],
    )
    assert.equal(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size, 1)
    assert.equal(
      chunks.some((chunk) => 'usage' in chunk),
      false,
    )
    assert.equal(api.node.leases, 0)
  })

  it('is byte for byte what JSON.stringify would write, whatever the names and the text', async () => {
    await using api = await startApi()
    const odd = 'a"b\\c\u2028\n</script> 😀'
    const [first] = api.node.models
    assert.ok(first)
    api.node.models = [{ ...first, id: odd }]
    api.node.script = words(odd, '\u0000')
    const response = await api.post(CHAT, { ...body, model: odd, stream: true })
    const payloads = (await response.text()).split('\n\n').filter((line) => line.startsWith('data: {'))
    for (const payload of payloads.map((line) => line.slice('data: '.length))) {
      const chunk = exactly(ChatCompletionChunk, JSON.parse(payload))
      assert.equal(chunk.model, odd)
      assert.equal(payload, JSON.stringify(chunk))
    }
    assert.equal(payloads.length, 4)
  })

  it('ends with a chunk of usage when asked, which is null until then', async () => {
    await using api = await startApi()
    const chunks = await chunksOf(
      await api.post(CHAT, { ...body, stream: true, stream_options: { include_usage: true } }),
    )
    const last = chunks.pop()
    assert.deepEqual(last?.choices, [])
    assert.equal(last?.usage?.total_tokens, 9)
    assert.equal(
      chunks.every(({ usage }) => usage === null),
      true,
    )
  })

  it('interleaves n choices, each with its role, its text and its end', async () => {
    await using api = await startApi()
    const chunks = await chunksOf(await api.post(CHAT, { ...body, stream: true, n: 2 }))
    for (const index of [0, 1]) {
      const own = chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index)
      assert.equal(own[0]?.delta.role, 'assistant')
      assert.equal(own.map(({ delta }) => delta.content ?? '').join(''), 'Hello world')
      assert.equal(own.at(-1)?.finish_reason, 'stop')
    }
  })

  it('tells tool calls piece by piece: who first, then the arguments', async () => {
    await using api = await startApi()
    api.node.script = twoCalls
    const chunks = await chunksOf(await api.post(CHAT, { ...body, tools, stream: true }))
    assert.deepEqual(
      chunks.slice(1, -1).map(({ choices }) => choices[0]?.delta.tool_calls),
      [
        [{ index: 0, id: 'call_a', type: 'function', function: { name: 'get', arguments: '' } }],
        [{ index: 0, function: { arguments: '{"city":' } }],
        [{ index: 0, function: { arguments: '"Oslo"}' } }],
        [{ index: 1, id: 'call_b', type: 'function', function: { name: 'set', arguments: '' } }],
        [{ index: 1, function: { arguments: '{}' } }],
      ],
    )
    assert.equal(chunks.at(-1)?.choices[0]?.finish_reason, 'tool_calls')
    const functions = tools.map((tool) => tool.function)
    const legacy = await chunksOf(await api.post(CHAT, { ...body, functions, stream: true }))
    assert.deepEqual(
      legacy.slice(1, -1).map(({ choices }) => choices[0]?.delta.function_call),
      [{ name: 'get', arguments: '' }, { arguments: '{"city":' }, { arguments: '"Oslo"}' }],
    )
  })

  it('carries reasoning and log probabilities', async () => {
    await using api = await startApi()
    const content = [{ token: 'a', logprob: -0.1, bytes: [97], top_logprobs: [] }]
    api.node.script = async function* script() {
      yield reply({ chat_deltas: [{ content: 'a', reasoning_content: 'hm', tool_calls: [] }] })
      yield reply({
        chat_deltas: [{ content: 'b', reasoning_content: '', tool_calls: [] }],
        logprobs: Buffer.from(JSON.stringify({ content })),
      })
      return {}
    }
    const chunks = await chunksOf(await api.post(CHAT, { ...body, stream: true, logprobs: true }))
    const choices = chunks.slice(1, -1).flatMap((chunk) => chunk.choices)
    assert.deepEqual(choices[0]?.delta, { reasoning: 'hm', reasoning_content: 'hm' })
    assert.equal('logprobs' in (choices[1] ?? {}), false)
    assert.deepEqual(choices[2]?.logprobs, { content })
  })

  it('sends comments while nothing else comes', async () => {
    await using api = await startApi({ streamLimits: { keepAliveMs: 5, stallTimeoutMs: 5000 } })
    const gate = Promise.withResolvers<void>()
    api.node.script = async function* script() {
      await gate.promise
      yield reply({ message: Buffer.from('late') })
      return {}
    }
    const response = await api.post(CHAT, { ...body, stream: true })
    assert.ok(response.body)
    let text = ''
    for await (const bytes of response.body) {
      text += Buffer.from(bytes).toString('utf8')
      if (text.split(': ping\n\n').length > 2) gate.resolve()
    }
    assert.ok(text.startsWith('data: {'), 'the role comes first')
    assert.match(text, /\n\n: ping\n\n/)
    assert.match(text, /late.*\[DONE\]\n\n$/s)
  })
})

describe('a failure', () => {
  const failures = [
    { code: 'backend.load-failed', status: 500, type: 'server_error', says: /cannot load tiny\.gguf \(request / },
    { code: 'backend.died', status: 500, type: 'server_error', says: /ended unexpectedly/ },
    { code: 'backend.failed', status: 500, type: 'server_error', says: /failed while it worked/ },
    { code: 'request.context-exceeded', status: 400, type: 'invalid_request_error', says: /cannot load/ },
    { code: 'node.overloaded', status: 503, type: 'server_error', says: /cannot load/, retryAfter: '3' },
    { code: 'backend.cooling-down', status: 503, type: 'server_error', says: /cannot load/, retryAfter: '3' },
  ] as const
  for (const { code, status, type, says, ...more } of failures) {
    it(`${code} before the first word is answered with ${status}, streaming or not`, async () => {
      await using api = await startApi()
      api.node.acquire = async () => {
        throw new AppError(code, 'cannot load /secret/folder/tiny.gguf', { details: { retryAfterMs: 2500 } })
      }
      for (const stream of [false, true]) {
        const response = await api.post(CHAT, { ...body, stream })
        assert.equal(response.status, status)
        assert.equal(response.headers.get('retry-after'), 'retryAfter' in more ? more.retryAfter : null)
        const { error } = exactly(ErrorBody, await response.json())
        assert.equal(error.code, status)
        assert.equal(error.type, type)
        assert.match(error.message, says)
        if (status === 500) assert.doesNotMatch(error.message, /secret/)
      }
    })
  }

  it('after the first word becomes an event of the stream, which still ends with [DONE]', async () => {
    await using api = await startApi()
    api.node.script = async function* script() {
      yield reply({ message: Buffer.from('Hel') })
      throw new AppError('backend.died', 'exit 134 in /secret/place')
    }
    const response = await api.post(CHAT, { ...body, stream: true, n: 1 })
    assert.equal(response.status, 200)
    const events = await readEvents(response)
    assert.equal(events.pop(), '[DONE]')
    const { error } = exactly(ErrorBody, events.pop())
    assert.equal(error.code, 500)
    assert.equal(error.type, 'server_error')
    assert.match(error.message, /ended unexpectedly/)
    assert.equal(api.node.leases, 0)
    assert.match(await api.metrics(), /local_ai_requests_total\{model="tiny",endpoint="chat",status="500"\} 1/)
  })

  it('that is none of ours says nothing of the inside', async () => {
    await using api = await startApi()
    api.node.acquire = async () => {
      throw new TypeError('cannot read properties of undefined')
    }
    const response = await api.post(CHAT, body, {
      headers: { 'content-type': 'application/json', 'x-correlation-id': 'mine-1' },
    })
    const { error } = exactly(ErrorBody, await response.json())
    assert.equal(error.message, 'internal error (request mine-1)')
  })
})
