import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type OpenAI from 'openai'
import { poll } from '../support/poll.ts'
import { type ApiHarness, startApi } from './api-harness.ts'
import { callsWeather, clientOf, holds, type KeptResponses, keepResponses } from './responses-harness.ts'
import { reply, words } from './scripted-backend.ts'

const WAIT_MS = 5000
const ASK = { model: 'tiny', input: 'hi' }

const weather = {
  type: 'function' as const,
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
  strict: true,
}

describe("OpenAI's own client, with responses", () => {
  let kept: KeptResponses
  let api: ApiHarness
  let client: OpenAI

  before(async () => {
    kept = await keepResponses()
    api = await startApi({ responses: kept.responses })
    client = clientOf(api)
  })

  after(async () => {
    await api.server.stop()
    await kept[Symbol.asyncDispose]()
  })

  it('asks and is answered, with instructions and a limit', async () => {
    api.node.script = words('Hello', ' world')
    const answer = await client.responses.create({
      ...ASK,
      instructions: 'Be brief.',
      max_output_tokens: 50,
      temperature: 0.5,
      metadata: { a: 'b' },
    })
    assert.equal(answer.output_text, 'Hello world')
    assert.deepEqual([answer.status, answer.error, answer.incomplete_details], ['completed', null, null])
    assert.deepEqual([answer.instructions, answer.max_output_tokens, answer.temperature], ['Be brief.', 50, 0.5])
    assert.deepEqual(answer.metadata, { a: 'b' })
    assert.equal(answer.usage?.total_tokens, 9)
    assert.equal(answer.usage?.input_tokens_details.cached_tokens, 2)
    assert.match(answer.id, /^resp_0000000000_[0-9a-f]{32}$/)
    const asked = api.node.asked.at(-1)
    assert.deepEqual(
      asked?.Messages?.map(({ role, content }) => [role, content]),
      [
        ['system', 'Be brief.'],
        ['user', 'hi'],
      ],
    )
    assert.equal(asked?.Tokens, 50)
  })

  it('streams, and its snapshots agree with what was told', async () => {
    api.node.script = words('Hello', ' world')
    const stream = client.responses.stream(ASK)
    const types: string[] = []
    for await (const event of stream) {
      assert.equal(event.sequence_number, types.length)
      types.push(event.type)
    }
    assert.deepEqual(types, [
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    const answer = await stream.finalResponse()
    assert.equal(answer.output_text, 'Hello world')
    assert.deepEqual((await client.responses.retrieve(answer.id)).output, answer.output.map(withoutParsed))
  })

  it('streams what the model thinks before it speaks', async () => {
    api.node.script = async function* script() {
      for (const delta of [{ reasoning_content: 'Hmm' }, { reasoning_content: '.' }, { content: 'Yes' }]) {
        yield reply({ chat_deltas: [{ content: '', reasoning_content: '', tool_calls: [], ...delta }] })
      }
      return {}
    }
    const stream = client.responses.stream(ASK)
    const types = new Set<string>()
    for await (const event of stream) types.add(event.type)
    assert.ok(types.has('response.reasoning_text.delta') && types.has('response.reasoning_text.done'))
    const { output } = await stream.finalResponse()
    assert.deepEqual(
      output.map(({ type }) => type),
      ['reasoning', 'message'],
    )
    assert.deepEqual(output[0]?.type === 'reasoning' && output[0].content, [{ type: 'reasoning_text', text: 'Hmm.' }])
  })

  it('calls a function, sends its result back, and goes on from there', async () => {
    api.node.script = callsWeather
    const stream = client.responses.stream({ ...ASK, tools: [weather], tool_choice: 'required' })
    const first = await stream.finalResponse()
    const [call] = first.output
    assert.ok(call?.type === 'function_call')
    assert.deepEqual([call.call_id, call.name, call.arguments], ['call_1', 'get_weather', '{"city":"Oslo"}'])
    assert.match(api.node.asked.at(-1)?.Tools ?? '', /"name":"get_weather"/)
    assert.equal(api.node.asked.at(-1)?.ToolChoice, 'required')
    api.node.script = words('20 degrees')
    const second = await client.responses.create({
      model: 'tiny',
      previous_response_id: first.id,
      input: [{ type: 'function_call_output', call_id: 'call_1', output: [{ type: 'input_text', text: '20' }] }],
    })
    assert.equal(second.output_text, '20 degrees')
    assert.equal(second.previous_response_id, first.id)
    const messages = api.node.asked.at(-1)?.Messages ?? []
    assert.deepEqual(
      messages.map(({ role, content, tool_call_id: id }) => [role, content, id]),
      [
        ['user', 'hi', undefined],
        ['assistant', '', undefined],
        ['tool', '20', 'call_1'],
      ],
    )
    assert.match(messages[1]?.tool_calls ?? '', /"id":"call_1".*"name":"get_weather"/)
    const third = await client.responses.create({ model: 'tiny', previous_response_id: second.id, input: 'And now?' })
    assert.equal(api.node.asked.at(-1)?.Messages?.length, 5)
    const items: string[] = []
    for await (const item of client.responses.inputItems.list(third.id, { limit: 2, order: 'asc' }))
      items.push(item.type)
    assert.deepEqual(items, ['message', 'function_call', 'function_call_output', 'message', 'message'])
    const newest = await client.responses.inputItems.list(third.id)
    assert.deepEqual(newest.data[0]?.type === 'message' && newest.data[0].content, [
      { type: 'input_text', text: 'And now?' },
    ])
  })

  it('refers to an item of an earlier answer by its name', async () => {
    api.node.script = words('Hello')
    const first = await client.responses.create(ASK)
    const id = first.output[0]?.id ?? ''
    await client.responses.create({
      model: 'tiny',
      input: [
        { role: 'user', content: 'hi' },
        { type: 'item_reference', id },
        { role: 'user', content: [{ type: 'input_text', text: 'more' }] },
      ],
    })
    assert.deepEqual(
      api.node.asked.at(-1)?.Messages?.map(({ role, content }) => [role, content]),
      [
        ['user', 'hi'],
        ['assistant', 'Hello'],
        ['user', 'more'],
      ],
    )
  })

  it('asks for a schema, and reads the answer', async () => {
    api.node.script = words('{"a":', '1}')
    const answer = await client.responses.parse({
      ...ASK,
      text: {
        format: {
          type: 'json_schema',
          name: 'x',
          strict: true,
          schema: { type: 'object', properties: { a: { type: 'integer' } } },
        },
      },
    })
    assert.deepEqual(answer.output_parsed, { a: 1 })
    assert.match(api.node.asked.at(-1)?.Grammar ?? '', /integer/)
    assert.equal(answer.text?.format?.type, 'json_schema')
  })

  it('gets log probabilities', async () => {
    api.node.script = async function* script() {
      const content = [{ token: 'Hi', logprob: -0.1, top_logprobs: [{ token: 'Ho', logprob: -2 }] }]
      yield reply({ message: Buffer.from('Hi'), logprobs: Buffer.from(JSON.stringify({ content })) })
      return {}
    }
    const answer = await client.responses.stream({ ...ASK, top_logprobs: 1 }).finalResponse()
    const [message] = answer.output
    const part = message?.type === 'message' ? message.content[0] : undefined
    assert.deepEqual(part?.type === 'output_text' && part.logprobs?.[0]?.top_logprobs?.[0]?.token, 'Ho')
    assert.equal(api.node.asked.at(-1)?.TopLogprobs, 1)
  })

  it('is told that an answer was cut short', async () => {
    api.node.script = async function* script() {
      yield reply({ message: Buffer.from('Hel') })
      return { finishReason: 'length' }
    }
    const answer = await client.responses.stream({ ...ASK, max_output_tokens: 1 }).finalResponse()
    assert.deepEqual([answer.status, answer.incomplete_details], ['incomplete', { reason: 'max_output_tokens' }])
    assert.equal(answer.output[0]?.type === 'message' && answer.output[0].status, 'incomplete')
  })

  it('leaves a background response alone and finds it finished', async () => {
    const held = holds()
    api.node.script = held.script
    const queued = await client.responses.create({ ...ASK, background: true })
    assert.equal(queued.status, 'queued')
    await held.began
    assert.equal((await client.responses.retrieve(queued.id)).status, 'in_progress')
    held.goOn()
    const done = await poll('the end', WAIT_MS, async () => {
      const response = await client.responses.retrieve(queued.id)
      return response.status === 'completed' && response
    })
    assert.equal(done.output_text, 'Hello world')
    assert.equal(api.node.leases, 0)
  })

  it('leaves a background stream and reads on where it was', async () => {
    const held = holds()
    api.node.script = held.script
    const stream = await client.responses.create({ ...ASK, background: true, stream: true })
    let id = ''
    let last = -1
    for await (const event of stream) {
      if (event.type === 'response.created') id = event.response.id
      last = event.sequence_number
      if (event.type === 'response.output_text.delta') break
    }
    held.goOn()
    const rest = await client.responses.retrieve(id, { stream: true, starting_after: last })
    let text = ''
    for await (const event of rest) {
      last += 1
      assert.equal(event.sequence_number, last)
      if (event.type === 'response.output_text.delta') text += event.delta
    }
    assert.equal(text, ' world')
    const again = await client.responses.stream({ response_id: id, starting_after: 3 } as never).finalResponse()
    assert.equal(again.output_text, 'Hello world')
  })

  it('cancels a background response, any number of times', async () => {
    const held = holds()
    api.node.script = held.script
    const { id } = await client.responses.create({ ...ASK, background: true })
    await held.began
    const cancelled = await client.responses.cancel(id)
    assert.equal(cancelled.status, 'cancelled')
    await held.broken
    assert.equal((await client.responses.cancel(id)).status, 'cancelled')
    assert.equal((await client.responses.retrieve(id)).status, 'cancelled')
    assert.equal(api.node.leases, 0)
  })

  it('deletes a response, which then is not there', async () => {
    api.node.script = words('Hello')
    const { id } = await client.responses.create(ASK)
    await client.responses.delete(id)
    await assert.rejects(client.responses.retrieve(id), { status: 404, type: 'not_found' })
    await assert.rejects(client.responses.delete(id), { status: 404 })
    const { id: unkept } = await client.responses.create({ ...ASK, store: false })
    await assert.rejects(client.responses.retrieve(unkept), { status: 404 })
  })
})

function withoutParsed(item: object): unknown {
  return JSON.parse(JSON.stringify(item), (key, value: unknown) =>
    key === 'parsed' || key === 'parsed_arguments' ? undefined : value,
  )
}
