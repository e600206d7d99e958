import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { AppError } from '../../src/base/errors.ts'
import type { ChatDelta__Output } from '../../src/grpc/generated/backend/ChatDelta.ts'
import { poll } from '../support/poll.ts'
import { type ApiHarness, startApi } from './api-harness.ts'
import { reply, type Script } from './scripted-backend.ts'

/** The official client, as anybody would set it up. */
function clientOf(api: ApiHarness, apiKey = 'none'): Anthropic {
  return new Anthropic({ baseURL: api.url, apiKey, maxRetries: 0 })
}

const request = { model: 'tiny', max_tokens: 64, messages: [{ role: 'user' as const, content: 'hi' }] }

const weather = {
  name: 'get_weather',
  description: 'Looks out of the window',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } },
}

/** A backend that parses its own answer. */
function deltas(...list: readonly Partial<ChatDelta__Output>[]): Script {
  return async function* script() {
    for (const [index, delta] of list.entries()) {
      const chat_deltas = [{ content: '', reasoning_content: '', tool_calls: [], ...delta }]
      yield reply({ chat_deltas, tokens: index + 1, prompt_tokens: 9 })
    }
    return {}
  }
}

function call(parts: {
  readonly index?: number
  readonly id?: string
  readonly name?: string
  readonly arguments?: string
}) {
  return { tool_calls: [{ index: 0, id: '', name: '', arguments: '', ...parts }] }
}

const thinksAndCalls = deltas(
  { reasoning_content: 'I must ' },
  { reasoning_content: 'look' },
  { content: 'I look.' },
  call({ id: 'call_1', name: 'get_weather' }),
  call({ arguments: '{"city":' }),
  call({ arguments: '"Oslo"}' }),
  call({ index: 1, id: 'call_2', name: 'get_weather', arguments: '{"city":"Rome"}' }),
)

const shape = [
  ['thinking', 'I must look'],
  ['text', 'I look.'],
  ['tool_use', 'toolu_1', { city: 'Oslo' }],
  ['tool_use', 'toolu_2', { city: 'Rome' }],
]

function shapeOf(content: readonly Anthropic.ContentBlock[]) {
  return content.map((block) => {
    if (block.type === 'text') return [block.type, block.text]
    if (block.type === 'thinking') return [block.type, block.thinking]
    return block.type === 'tool_use' ? [block.type, block.id, block.input] : [block.type]
  })
}

describe("Anthropic's own client", () => {
  it('gets a message', async () => {
    await using api = await startApi()
    const message = await clientOf(api).messages.create({ ...request, system: 'Be brief.', stop_sequences: ['END'] })
    assert.deepEqual(shapeOf(message.content), [['text', 'Hello world']])
    assert.equal(message.stop_reason, 'end_turn')
    assert.equal(message.usage.input_tokens, 5)
    assert.equal(message.usage.cache_read_input_tokens, 2)
    assert.ok(message._request_id)
    assert.deepEqual(api.node.asked[0]?.StopPrompts, ['END'])
  })

  it('streams: each piece by itself, and the message put together', async () => {
    await using api = await startApi()
    const stream = await clientOf(api).messages.create({ ...request, stream: true })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    assert.deepEqual(types, [
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    const helper = clientOf(api).messages.stream(request)
    const texts: string[] = []
    helper.on('text', (text) => texts.push(text))
    assert.equal(await helper.finalText(), 'Hello world')
    assert.deepEqual(texts, ['Hello', ' world'])
    const message = await helper.finalMessage()
    assert.equal(message.usage.input_tokens, 5)
    assert.equal(message.usage.output_tokens, 2)
    assert.equal(message.stop_reason, 'end_turn')
  })

  it('gets thoughts and calls, whole, streamed and through the beta', async () => {
    await using api = await startApi()
    api.node.script = thinksAndCalls
    const client = clientOf(api)
    const asked = { ...request, tools: [weather], thinking: { type: 'enabled' as const, budget_tokens: 1024 } }
    const whole = await client.messages.create(asked)
    const streamed = await client.messages.stream(asked).finalMessage()
    for (const message of [whole, streamed]) {
      assert.deepEqual(shapeOf(message.content), shape)
      assert.equal(message.stop_reason, 'tool_use')
      const [thought] = message.content
      assert.ok(thought?.type === 'thinking' && thought.signature !== '')
    }
    const one = { ...asked, tool_choice: { type: 'auto' as const, disable_parallel_tool_use: true } }
    assert.deepEqual(shapeOf((await client.messages.create(one)).content), shape.slice(0, 3))
    const beta = await client.beta.messages.create({ ...asked, betas: ['interleaved-thinking-2025-05-14'] })
    assert.deepEqual(beta.content, whole.content)
    assert.match(api.node.asked[0]?.Tools ?? '', /"name":"get_weather"/)
    assert.equal(api.node.asked[0]?.Metadata?.['enable_thinking'], 'true')
  })

  it('gives the whole turn back with what the tools said', async () => {
    await using api = await startApi()
    api.node.script = thinksAndCalls
    const client = clientOf(api)
    const { content } = await client.messages.create({ ...request, tools: [weather] })
    await client.messages.create({
      ...request,
      tools: [weather],
      tool_choice: { type: 'tool', name: 'get_weather', disable_parallel_tool_use: true },
      messages: [
        ...request.messages,
        { role: 'assistant', content },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: '20' }] },
            { type: 'tool_result', tool_use_id: 'toolu_2', content: 'closed', is_error: true },
          ],
        },
      ],
    })
    const asked = api.node.asked[1]
    assert.deepEqual(asked?.Messages?.slice(1), [
      {
        role: 'assistant',
        content: 'I look.',
        reasoning_content: 'I must look',
        tool_calls: JSON.stringify([
          { id: 'toolu_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } },
          { id: 'toolu_2', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Rome"}' } },
        ]),
      },
      { role: 'tool', content: '20', tool_call_id: 'toolu_1' },
      { role: 'tool', content: 'Error: closed', tool_call_id: 'toolu_2' },
    ])
    assert.equal(asked?.ToolChoice, '{"type":"function","function":{"name":"get_weather"}}')
  })

  it('is held to a schema', async () => {
    await using api = await startApi()
    api.node.script = deltas({ content: '{"a":1}' })
    const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }
    const format = { type: 'json_schema' as const, schema }
    const message = await clientOf(api).messages.parse({ ...request, output_config: { format } })
    assert.deepEqual(message.parsed_output, { a: 1 })
    assert.match(api.node.asked[0]?.Grammar ?? '', /root\s*::=/)
  })

  it('counts tokens', async () => {
    await using api = await startApi()
    api.node.client = { tokenize: async () => ({ length: 3, tokens: [1, 2, 3] }) }
    const { model, messages } = request
    const count = await clientOf(api).messages.countTokens({ model, messages, tools: [weather] })
    assert.equal(count.input_tokens, 3)
  })

  it('throws its own kinds of error', async () => {
    await using api = await startApi({ apiKeys: ['secret'] })
    await assert.rejects(clientOf(api, 'wrong').messages.create(request), Anthropic.AuthenticationError)
    const client = clientOf(api, 'secret')
    assert.equal((await client.messages.create(request)).type, 'message')
    await assert.rejects(client.messages.create({ ...request, model: 'nope' }), (error) => {
      assert.ok(error instanceof Anthropic.BadRequestError)
      assert.equal(error.type, 'invalid_request_error')
      assert.match(error.message, /model configuration not found/)
      assert.ok(error.requestID)
      return true
    })
    api.node.acquire = async () => {
      throw new AppError('node.overloaded', 'too much to do')
    }
    await assert.rejects(client.messages.create(request), (error) => {
      assert.ok(error instanceof Anthropic.InternalServerError)
      assert.equal(error.type, 'overloaded_error')
      return true
    })
  })

  it('hears of a failure in the midst of a stream', async () => {
    await using api = await startApi()
    api.node.script = async function* script() {
      yield reply({ message: Buffer.from('Hel') })
      throw new AppError('backend.died', 'exit 134')
    }
    const stream = clientOf(api).messages.stream(request)
    let text = ''
    stream.on('text', (piece) => {
      text += piece
    })
    await assert.rejects(stream.done(), (error) => {
      assert.ok(error instanceof Anthropic.APIError)
      assert.equal(error.type, 'api_error')
      assert.match(error.message, /prediction failed: /)
      return true
    })
    assert.equal(text, 'Hel')
  })

  it('stops the model when it aborts a stream', async () => {
    await using api = await startApi()
    const ended = Promise.withResolvers<void>()
    api.node.script = async function* script(_request, { signal }) {
      try {
        for (;;) {
          signal?.throwIfAborted()
          yield reply({ message: Buffer.from('more ') })
          await new Promise(setImmediate)
        }
      } finally {
        ended.resolve()
      }
    }
    const stream = await clientOf(api).messages.create({ ...request, stream: true })
    for await (const event of stream) if (event.type === 'content_block_delta') break
    await ended.promise
  })

  it('stops a model that has not said a word when it aborts, streaming or not', async () => {
    await using api = await startApi()
    for (const stream of [false, true]) {
      const begun = Promise.withResolvers<void>()
      const ended = Promise.withResolvers<void>()
      api.node.script = async function* script(_request, { signal }) {
        begun.resolve()
        await new Promise((resolve) => signal?.addEventListener('abort', resolve))
        ended.resolve()
        yield reply({})
        return {}
      }
      const leaving = new AbortController()
      const asking = clientOf(api).messages.create({ ...request, stream }, { signal: leaving.signal })
      await begun.promise
      leaving.abort()
      await assert.rejects(asking, Anthropic.APIUserAbortError)
      await ended.promise
    }
    await poll('every lease is given back', 5000, () => api.node.leases === 0)
  })
})
