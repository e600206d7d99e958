import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import OpenAI from 'openai'
import { AppError } from '../../src/base/errors.ts'
import { type ApiHarness, startApi } from './api-harness.ts'
import { reply } from './scripted-backend.ts'

/** The official client, as anybody would set it up. */
function clientOf(api: ApiHarness): OpenAI {
  return new OpenAI({ baseURL: `${api.url}/v1`, apiKey: 'none', maxRetries: 0 })
}

const messages = [{ role: 'user' as const, content: 'hi' }]

const weather = {
  type: 'function' as const,
  function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}

describe("OpenAI's own client", () => {
  it('chats', async () => {
    await using api = await startApi()
    const answer = await clientOf(api).chat.completions.create({ model: 'tiny', messages, stop: ['END'] })
    assert.equal(answer.choices[0]?.message.content, 'Hello world')
    assert.equal(answer.choices[0]?.finish_reason, 'stop')
    assert.equal(answer.usage?.total_tokens, 9)
    assert.deepEqual(api.node.asked[0]?.StopPrompts, ['END'])
  })

  it('streams, with usage', async () => {
    await using api = await startApi()
    const request = { model: 'tiny', messages, stream_options: { include_usage: true } }
    const stream = await clientOf(api).chat.completions.create({ ...request, stream: true })
    let text = ''
    let tokens = 0
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      tokens += chunk.usage?.total_tokens ?? 0
    }
    assert.equal(text, 'Hello world')
    assert.equal(tokens, 9)
  })

  it('puts streamed tool calls together', async () => {
    await using api = await startApi()
    api.node.script = async function* script() {
      const parts = [{ id: 'call_1', name: 'get_weather' }, { arguments: '{"city":' }, { arguments: '"Oslo"}' }]
      for (const part of parts) {
        const tool_calls = [{ index: 0, id: '', name: '', arguments: '', ...part }]
        yield reply({ chat_deltas: [{ content: '', reasoning_content: '', tool_calls }] })
      }
      return {}
    }
    const runner = clientOf(api).chat.completions.stream({ model: 'tiny', messages, tools: [weather] })
    const answer = await runner.finalChatCompletion()
    const [call] = answer.choices[0]?.message.tool_calls ?? []
    assert.equal(answer.choices[0]?.finish_reason, 'tool_calls')
    assert.equal(call?.id, 'call_1')
    assert.equal(call?.type === 'function' && call.function.arguments, '{"city":"Oslo"}')
    assert.match(api.node.asked[0]?.Tools ?? '', /"name":"get_weather"/)
  })

  it('sends tool results back, and asks for a schema', async () => {
    await using api = await startApi()
    await clientOf(api).chat.completions.create({
      model: 'tiny',
      messages: [
        ...messages,
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'get_weather', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: [{ type: 'text', text: '20' }] },
      ],
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'x', strict: true, schema: { type: 'object', properties: { a: { type: 'integer' } } } },
      },
    })
    const [asked] = api.node.asked
    assert.deepEqual(asked?.Messages?.[2], { role: 'tool', content: '20', tool_call_id: 'c' })
    assert.match(asked?.Grammar ?? '', /root\s*::=/)
  })

  it('gets embeddings, which it asks for as base64 by itself', async () => {
    await using api = await startApi()
    api.node.client = {
      embedding: async () => ({
        embeddings: [0.25, -1, 3.5],
        tokens: 3,
        dim: 3,
        prompt_tokens: 3,
        layout: 'EMBEDDING_LAYOUT_FINAL',
      }),
    }
    const answer = await clientOf(api).embeddings.create({ model: 'tiny', input: ['a', 'b'] })
    assert.deepEqual(
      answer.data.map(({ embedding }) => embedding),
      [
        [0.25, -1, 3.5],
        [0.25, -1, 3.5],
      ],
    )
  })

  it('lists models and looks one up', async () => {
    await using api = await startApi()
    const models = []
    for await (const model of clientOf(api).models.list()) models.push(model.id)
    assert.deepEqual(models, ['tiny'])
    assert.equal((await clientOf(api).models.retrieve('tiny')).owned_by, 'local-ai')
    await assert.rejects(clientOf(api).models.retrieve('nope'), OpenAI.NotFoundError)
  })

  it('completes text', async () => {
    await using api = await startApi()
    const answer = await clientOf(api).completions.create({ model: 'tiny', prompt: 'Once', max_tokens: 4 })
    assert.equal(answer.choices[0]?.text, 'Hello world')
  })

  it('understands our errors, before and within a stream', async () => {
    await using api = await startApi()
    const client = clientOf(api)
    await assert.rejects(client.chat.completions.create({ model: 'nope', messages }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError)
      assert.equal(error.param, 'model')
      assert.match(error.message, /model "nope" not found/)
      return true
    })
    api.node.script = async function* script() {
      yield reply({ message: Buffer.from('Hel') })
      throw new AppError('backend.died', 'exit 134')
    }
    const stream = await client.chat.completions.create({ model: 'tiny', messages, stream: true })
    let text = ''
    const reading = async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    }
    await assert.rejects(
      reading(),
      (error) => error instanceof OpenAI.APIError && /ended unexpectedly/.test(error.message),
    )
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
    const stream = await clientOf(api).chat.completions.create({ model: 'tiny', messages, stream: true })
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'more ') stream.controller.abort()
    await ended.promise
  })
})
