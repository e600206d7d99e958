import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import OpenAI from 'openai'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'
import { tinyEmbedding } from '../support/tiny-models.ts'

const GREEDY = { model: 'tiny-chat', temperature: 0 } as const
const FRANCE = [{ role: 'user', content: 'What is the capital of France?' }] as const

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Get the weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
} as const

describe('the openai SDK, unmodified, against the running command line', () => {
  let node: RunningNode
  let client: OpenAI

  before(async () => {
    const embedding = await tinyEmbedding()
    node = await startLocalAi({
      prepare(folder) {
        mkdirSync(join(folder, 'models'))
        copyFileSync(embedding, join(folder, 'models', 'embedder.gguf'))
      },
    })
    client = new OpenAI({ baseURL: `${node.url}/v1`, apiKey: 'unused', maxRetries: 0 })
  })
  after(() => node[Symbol.asyncDispose]())

  it('chats', async () => {
    const answer = await client.chat.completions.create({ ...GREEDY, messages: [...FRANCE] })
    assert.equal(answer.choices[0]?.message.content, 'Paris is the capital of France.')
    assert.equal(answer.choices[0]?.finish_reason, 'stop')
    assert.ok((answer.usage?.completion_tokens ?? 0) > 0)
    assert.equal(
      answer.usage?.total_tokens,
      (answer.usage?.prompt_tokens ?? 0) + (answer.usage?.completion_tokens ?? 0),
    )
  })

  it('streams the same text, and counts it when asked', async () => {
    const stream = await client.chat.completions.create({
      ...GREEDY,
      messages: [...FRANCE],
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let usage: OpenAI.CompletionUsage | null | undefined
    const ids = new Set<string>()
    const reasons: string[] = []
    for await (const chunk of stream) {
      ids.add(chunk.id)
      text += chunk.choices[0]?.delta.content ?? ''
      if (chunk.choices[0]?.finish_reason != null) reasons.push(chunk.choices[0].finish_reason)
      if (chunk.usage != null) usage = chunk.usage
    }
    assert.equal(text, 'Paris is the capital of France.')
    assert.deepEqual(reasons, ['stop'])
    assert.equal(ids.size, 1)
    assert.ok((usage?.completion_tokens ?? 0) > 0)
  })

  it('calls a tool, whole and streamed, and uses its answer', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'What is the weather in Oslo?' }]
    const first = await client.chat.completions.create({ ...GREEDY, messages, tools: [weather] })
    assert.equal(first.choices[0]?.finish_reason, 'tool_calls')
    const call = first.choices[0]?.message.tool_calls?.[0]
    assert.ok(call?.type === 'function')
    assert.equal(call.function.name, 'get_weather')
    assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Oslo' })

    const runner = client.chat.completions.stream({ ...GREEDY, messages, tools: [weather] })
    const streamed = await runner.finalMessage()
    const streamedCall = streamed.tool_calls?.[0]
    assert.ok(streamedCall?.type === 'function')
    assert.deepEqual(JSON.parse(streamedCall.function.arguments), { city: 'Oslo' })

    const second = await client.chat.completions.create({
      ...GREEDY,
      tools: [weather],
      messages: [
        ...messages,
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: call.id, content: '{"temperature": 20}' },
      ],
    })
    assert.equal(second.choices[0]?.message.content, 'It is 20 degrees in Oslo.')
  })

  it('holds the calls of strict tools to their schemas, and leaves answers alone', async () => {
    const city = { type: 'string', enum: ['Rome', 'Bergen'] }
    const parameters = { type: 'object', properties: { city }, required: ['city'], additionalProperties: false }
    const tools = [{ type: 'function' as const, function: { ...weather.function, parameters, strict: true } }]
    const oslo = [{ role: 'user' as const, content: 'What is the weather in Oslo?' }]
    const whole = await client.chat.completions.parse({ ...GREEDY, messages: oslo, tools })
    assert.equal(whole.choices[0]?.finish_reason, 'tool_calls')
    const call = whole.choices[0]?.message.tool_calls?.[0]
    assert.ok(call?.type === 'function')
    const held = JSON.parse(call.function.arguments) as { city: string }
    assert.ok(city.enum.includes(held.city), held.city)
    const streamed = await client.chat.completions.stream({ ...GREEDY, messages: oslo, tools }).finalMessage()
    const streamedCall = streamed.tool_calls?.[0]
    assert.ok(streamedCall?.type === 'function')
    assert.equal(streamedCall.function.arguments, call.function.arguments)
    const answer = await client.chat.completions.create({ ...GREEDY, messages: [...FRANCE], tools })
    assert.equal(answer.choices[0]?.message.content, 'Paris is the capital of France.')
  })

  it('calls a tool first although its answer is held to a JSON schema', async () => {
    const schema = { type: 'object', properties: { degrees: { type: 'integer' } }, required: ['degrees'] }
    const held = {
      ...GREEDY,
      max_tokens: 64,
      tools: [weather],
      response_format: { type: 'json_schema' as const, json_schema: { name: 'degrees', schema } },
    }
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'What is the weather in Oslo?' }]
    const first = await client.chat.completions.create({ ...held, messages })
    const call = first.choices[0]?.message.tool_calls?.[0]
    assert.ok(call?.type === 'function')
    assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Oslo' })
    messages.push({ role: 'assistant', content: null, tool_calls: [call] })
    messages.push({ role: 'tool', tool_call_id: call.id, content: '{"temperature": 20}' })
    const second = await client.chat.completions.create({ ...held, messages, tool_choice: 'none' })
    assert.equal(typeof JSON.parse(second.choices[0]?.message.content ?? '').degrees, 'number')
  })

  it('is held to a JSON schema', async () => {
    const schema = {
      type: 'object',
      properties: { capital: { type: 'string', maxLength: 12 }, large: { type: 'boolean' } },
      required: ['capital', 'large'],
      additionalProperties: false,
    }
    const answer = await client.chat.completions.create({
      ...GREEDY,
      messages: [...FRANCE],
      response_format: { type: 'json_schema', json_schema: { name: 'city', strict: true, schema } },
    })
    const value: unknown = JSON.parse(answer.choices[0]?.message.content ?? '')
    assert.deepEqual(Object.keys(value as object).sort(), ['capital', 'large'])
    assert.equal(typeof (value as { capital: unknown }).capital, 'string')
    assert.equal(typeof (value as { large: unknown }).large, 'boolean')
  })

  it('gives n answers, and log probabilities', async () => {
    const answer = await client.chat.completions.create({
      model: 'tiny-chat',
      messages: [...FRANCE],
      temperature: 0.5,
      seed: 7,
      n: 2,
      logprobs: true,
      top_logprobs: 2,
      max_tokens: 4,
    })
    assert.deepEqual(
      answer.choices.map((choice) => choice.index),
      [0, 1],
    )
    for (const choice of answer.choices) {
      const tokens = choice.logprobs?.content ?? []
      assert.ok(tokens.length > 0 && tokens.length <= 4)
      for (const token of tokens) {
        assert.ok(token.logprob <= 0)
        assert.ok(token.top_logprobs.length <= 2)
      }
    }
  })

  it('completes', async () => {
    const stream = await client.completions.create({ ...GREEDY, prompt: 'Once', max_tokens: 8, stream: true })
    let pieces = 0
    let reason: string | null = null
    for await (const chunk of stream) {
      pieces += 1
      reason = chunk.choices[0]?.finish_reason ?? reason
    }
    assert.ok(pieces > 0)
    assert.ok(reason === 'length' || reason === 'stop')
  })

  it('embeds, as floats and as base64', async () => {
    const input = ['hello', 'world']
    const floats = await client.embeddings.create({ model: 'embedder', input, encoding_format: 'float' })
    // The SDK asks for base64 by itself and decodes it.
    const decoded = await client.embeddings.create({ model: 'embedder', input })
    assert.equal(floats.data.length, 2)
    for (const [index, { embedding }] of floats.data.entries()) {
      const length = Math.sqrt(embedding.reduce((sum, value) => sum + value * value, 0))
      assert.ok(Math.abs(length - 1) < 1e-3)
      const other = decoded.data[index]?.embedding ?? []
      assert.ok(embedding.every((value, at) => Math.abs(value - (other[at] ?? Number.NaN)) < 1e-5))
    }
  })

  it('lists the model and says that it only demonstrates', async () => {
    const models = await client.models.list()
    const tiny = models.data.find((model) => model.id === 'tiny-chat')
    assert.ok(tiny !== undefined)
    assert.match(JSON.stringify(tiny), /demonstration/)
  })

  it('stops generating when the client stops reading', async () => {
    const stream = await client.chat.completions.create({
      ...GREEDY,
      messages: [{ role: 'user', content: 'Tell me a story.' }],
      stream: true,
      max_tokens: 2000,
    })
    for await (const _chunk of stream) break
    stream.controller.abort()
    // The sequence is free again when the next answer comes.
    const answer = await client.chat.completions.create({ ...GREEDY, messages: [...FRANCE] })
    assert.equal(answer.choices[0]?.message.content, 'Paris is the capital of France.')
  })

  it('gets typed errors', async () => {
    await assert.rejects(
      client.chat.completions.create({ model: 'no-such-model', messages: [...FRANCE] }),
      (error) =>
        error instanceof OpenAI.APIError &&
        (error.status === 400 || error.status === 404) &&
        /no-such-model/.test(error.message),
    )
    await assert.rejects(
      client.chat.completions.create({ ...GREEDY, messages: [{ role: 'user', content: 'x '.repeat(20_000) }] }),
      (error) => error instanceof OpenAI.BadRequestError && /context/.test(error.message),
    )
  })
})
