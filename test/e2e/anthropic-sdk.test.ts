import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'

// The client's types have no temperature any more; the wire has.
const GREEDY = { model: 'tiny-chat', max_tokens: 64, ...{ temperature: 0 } } as const
const FRANCE = [{ role: 'user', content: 'What is the capital of France?' }] as const
const PARIS = 'Paris is the capital of France.'

const weather: Anthropic.Tool = {
  name: 'get_weather',
  description: 'Get the weather of a city',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}

function promptTokens({ usage }: Anthropic.Message): number {
  return usage.input_tokens + (usage.cache_read_input_tokens ?? 0)
}

function textOf({ content }: Anthropic.Message): string {
  return content.map((block) => (block.type === 'text' ? block.text : `<${block.type}>`)).join('')
}

describe("Anthropic's SDK, unmodified, against the running command line", () => {
  let node: RunningNode
  let client: Anthropic

  before(async () => {
    node = await startLocalAi()
    client = new Anthropic({ baseURL: node.url, apiKey: 'unused', maxRetries: 0 })
  })
  after(() => node[Symbol.asyncDispose]())

  it('gets a message', async () => {
    const message = await client.messages.create({ ...GREEDY, messages: [...FRANCE] })
    assert.equal(textOf(message), PARIS)
    assert.equal(message.stop_reason, 'end_turn')
    assert.ok(message.usage.output_tokens > 0)
  })

  it('streams the same text', async () => {
    const stream = client.messages.stream({ ...GREEDY, messages: [...FRANCE] })
    let pieces = 0
    stream.on('text', () => {
      pieces += 1
    })
    const message = await stream.finalMessage()
    assert.equal(textOf(message), PARIS)
    assert.equal(message.stop_reason, 'end_turn')
    assert.ok(pieces > 1)
    assert.ok(promptTokens(message) > 0)
  })

  it('counts, before it asks, what the prompt will cost', async () => {
    const tools = [weather]
    const system = 'You are a helpful assistant.'
    const thread: Anthropic.MessageParam[] = [
      ...FRANCE,
      { role: 'assistant', content: [{ type: 'text', text: PARIS }] },
      { role: 'user', content: [{ type: 'text', text: 'And what is the weather in Oslo?' }] },
    ]
    const format = { type: 'json_schema' as const, schema: { type: 'object', properties: { a: { type: 'boolean' } } } }
    const requests: readonly Omit<Anthropic.MessageCountTokensParams, 'model'>[] = [
      { messages: [...FRANCE] },
      { messages: thread, system },
      { messages: thread, system, tools },
      { messages: thread, output_config: { format } },
    ]
    const seen = new Set<number>()
    for (const request of requests) {
      const { input_tokens } = await client.messages.countTokens({ model: GREEDY.model, ...request })
      const message = await client.messages.create({ ...GREEDY, ...request, max_tokens: 1 })
      assert.equal(input_tokens, promptTokens(message))
      seen.add(input_tokens)
    }
    assert.ok(seen.size >= 3)
  })

  it('calls a tool, whole and streamed, and uses its answer', async () => {
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'What is the weather in Oslo?' }]
    const asked = { ...GREEDY, messages, tools: [weather] }
    const whole = await client.messages.create(asked)
    const streamed = await client.messages.stream(asked).finalMessage()
    for (const message of [whole, streamed]) {
      assert.equal(message.stop_reason, 'tool_use')
      const call = message.content.find((block) => block.type === 'tool_use')
      assert.equal(call?.name, 'get_weather')
      assert.deepEqual(call.input, { city: 'Oslo' })
    }
    const call = whole.content.find((block) => block.type === 'tool_use')
    const answer = await client.messages.create({
      ...asked,
      messages: [
        ...messages,
        { role: 'assistant', content: whole.content },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: call?.id ?? '', content: '{"temperature": 20}' }],
        },
      ],
    })
    assert.equal(textOf(answer), 'It is 20 degrees in Oslo.')
  })

  it('is made to call a tool', async () => {
    const choices: Anthropic.ToolChoice[] = [{ type: 'any' }, { type: 'tool', name: 'get_weather' }]
    for (const tool_choice of choices) {
      const message = await client.messages.create({ ...GREEDY, messages: [...FRANCE], tools: [weather], tool_choice })
      assert.ok(message.content.some((block) => block.type === 'tool_use' && block.name === 'get_weather'))
    }
    const none = { ...GREEDY, messages: [...FRANCE], tools: [weather], tool_choice: { type: 'none' as const } }
    assert.equal(textOf(await client.messages.create(none)), PARIS)
  })

  it('is held to a JSON schema', async () => {
    const schema = {
      type: 'object',
      properties: { capital: { type: 'string', maxLength: 12 }, large: { type: 'boolean' } },
      required: ['capital', 'large'],
      additionalProperties: false,
    }
    const message = await client.messages.parse({
      ...GREEDY,
      messages: [...FRANCE],
      output_config: { format: { type: 'json_schema', schema } },
    })
    assert.deepEqual(Object.keys(message.parsed_output ?? {}).sort(), ['capital', 'large'])
  })

  it('stops where it shall, and says where', async () => {
    const request = { ...GREEDY, messages: [...FRANCE] }
    const stopped = await client.messages.create({ ...request, stop_sequences: [' of'] })
    assert.equal(textOf(stopped), 'Paris is the capital')
    assert.equal(stopped.stop_reason, 'stop_sequence')
    assert.equal(stopped.stop_sequence, ' of')
    const cut = await client.messages.stream({ ...request, max_tokens: 2 }).finalMessage()
    assert.equal(cut.stop_reason, 'max_tokens')
    assert.equal(cut.usage.output_tokens, 2)
  })

  it('stops generating when the client stops reading', async () => {
    const stream = await client.messages.create({
      ...GREEDY,
      messages: [{ role: 'user', content: 'Tell me a story.' }],
      stream: true,
      max_tokens: 2000,
    })
    for await (const event of stream) if (event.type === 'content_block_delta') break
    // The sequence is free again when the next answer comes.
    assert.equal(textOf(await client.messages.create({ ...GREEDY, messages: [...FRANCE] })), PARIS)
  })

  it('gets typed errors', async () => {
    const large = [{ role: 'user' as const, content: 'x '.repeat(20_000) }]
    await assert.rejects(
      client.messages.create({ ...GREEDY, messages: large }),
      (error) => error instanceof Anthropic.BadRequestError && /context/.test(error.message),
    )
    const image = { type: 'image' as const, source: { type: 'url' as const, url: 'http://127.0.0.1/x.png' } }
    await assert.rejects(
      client.messages.create({ ...GREEDY, messages: [{ role: 'user', content: [image] }] }),
      (error) => error instanceof Anthropic.BadRequestError && /takes text only/.test(error.message),
    )
  })
})
