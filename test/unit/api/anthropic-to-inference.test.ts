import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MessagesRequest } from '../../../src/api/anthropic/schema.ts'
import { toChatRequest } from '../../../src/api/anthropic/to-inference.ts'
import { AppError } from '../../../src/base/errors.ts'

function toChat(more: Partial<MessagesRequest>) {
  return toChatRequest({ max_tokens: 5, messages: [{ role: 'user', content: 'hi' }], ...more }, 'tiny')
}

function refusal(code: AppError['code'], param: string) {
  return (error: unknown) => error instanceof AppError && error.code === code && error.details['param'] === param
}

const weather = { name: 'get_weather', description: 'Looks out', input_schema: { type: 'object' } }

describe("a request in Anthropic's words", () => {
  it('becomes a chat request', () => {
    const chat = toChat({
      system: 'Be brief.',
      temperature: 0.5,
      top_p: 0.8,
      top_k: 3,
      stop_sequences: ['END'],
      tools: [{ ...weather, type: 'custom', strict: true }],
      tool_choice: { type: 'any' },
      thinking: { type: 'disabled' },
      metadata: { user_id: 'somebody', topic: 'x', count: 3 },
    })
    assert.deepEqual(chat, {
      model: 'tiny',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hi' },
      ],
      sampling: { maxTokens: 5, temperature: 0.5, topP: 0.8, topK: 3, stop: ['END'] },
      tools: [{ name: 'get_weather', description: 'Looks out', parameters: { type: 'object' }, strict: true }],
      toolChoice: 'required',
      metadata: { topic: 'x', enable_thinking: 'false' },
    })
  })

  it('has a turn also where somebody says nothing', () => {
    for (const content of ['', []]) {
      assert.deepEqual(toChat({ messages: [{ role: 'user', content }] }).messages, [{ role: 'user', content: '' }])
    }
  })

  it('may give its texts as blocks, and a text file as a document', () => {
    const { messages } = toChat({
      system: [
        { type: 'text', text: 'one' },
        { type: 'text', text: 'two' },
      ],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'document', title: 'notes.txt', source: { type: 'text', data: 'a note' } },
            { type: 'text', text: 'read it' },
          ],
        },
      ],
    })
    assert.deepEqual(messages, [
      { role: 'system', content: 'one\ntwo' },
      { role: 'user', content: 'notes.txt\na note\nread it' },
    ])
  })

  it('brings calls, thoughts and results of earlier turns in their order', () => {
    const { messages } = toChat({
      messages: [
        { role: 'user', content: 'weather?' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'I must look' },
            { type: 'redacted_thinking' },
            { type: 'text', text: 'I look' },
            { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Oslo' } },
            { type: 'tool_use', id: 'toolu_2', name: 'get_weather', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: '20' }] },
            { type: 'tool_result', tool_use_id: 'toolu_2', content: 'no city', is_error: true },
            { type: 'tool_result', tool_use_id: 'toolu_3' },
            { type: 'text', text: 'so?' },
          ],
        },
      ],
    })
    assert.deepEqual(messages.slice(1), [
      {
        role: 'assistant',
        content: 'I look',
        toolCalls: [
          { id: 'toolu_1', name: 'get_weather', arguments: '{"city":"Oslo"}' },
          { id: 'toolu_2', name: 'get_weather', arguments: '{}' },
        ],
        reasoning: 'I must look',
      },
      { role: 'tool', content: '20', toolCallId: 'toolu_1' },
      { role: 'tool', content: 'Error: no city', toolCallId: 'toolu_2' },
      { role: 'tool', content: '', toolCallId: 'toolu_3' },
      { role: 'user', content: 'so?' },
    ])
  })

  it('has turns of one role joined, since templates want them to alternate', () => {
    const { messages } = toChat({
      messages: [
        { role: 'user', content: 'one' },
        { role: 'user', content: [{ type: 'text', text: 'two' }] },
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm' }] },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'b', input: {} }] },
      ],
    })
    assert.deepEqual(messages, [
      { role: 'user', content: 'one\ntwo' },
      { role: 'assistant', content: '', toolCalls: [{ id: 'a', name: 'b', arguments: '{}' }], reasoning: 'hm' },
    ])
  })

  it('chooses tools in four ways', () => {
    const tools = [weather]
    assert.equal(toChat({ tools, tool_choice: { type: 'auto' } }).toolChoice, 'auto')
    assert.equal(toChat({ tools, tool_choice: { type: 'none' } }).toolChoice, 'none')
    assert.equal(toChat({ tools, tool_choice: { type: 'any' } }).toolChoice, 'required')
    assert.deepEqual(toChat({ tools, tool_choice: { type: 'tool', name: 'get_weather' } }).toolChoice, {
      name: 'get_weather',
    })
    const wrong = [{ type: 'tool' as const, name: 'nope' }, { type: 'tool' as const }]
    for (const choice of wrong) {
      assert.throws(() => toChat({ tools, tool_choice: choice }), refusal('request.invalid', 'tool_choice.name'))
    }
    assert.throws(() => toChat({ tool_choice: { type: 'any' } }), refusal('request.invalid', 'tool_choice'))
  })

  it('may ask for a schema, under the new name and the old', () => {
    const format = { type: 'json_schema' as const, schema: { type: 'object' } }
    const wanted = { type: 'json-schema', schema: { type: 'object' } }
    assert.deepEqual(toChat({ output_config: { format } }).responseFormat, wanted)
    assert.deepEqual(toChat({ output_format: format }).responseFormat, wanted)
  })

  it('turns thinking on and off, and leaves it to the model where it says nothing', () => {
    for (const type of ['enabled', 'adaptive'] as const) {
      assert.deepEqual(toChat({ thinking: { type } }).metadata, { enable_thinking: 'true' })
    }
    assert.deepEqual(toChat({ thinking: { type: 'disabled' } }).metadata, { enable_thinking: 'false' })
    assert.deepEqual(toChat({}).metadata, {})
  })

  it('is refused by name where it brings what this node cannot take', () => {
    const image = { type: 'image', source: { type: 'base64', data: 'iVBORw0KGgo=' } }
    const pdf = { type: 'document', source: { type: 'base64', data: 'JVBERi0=' } }
    for (const block of [image, pdf, { type: 'server_tool_use' }, { type: 'no such thing' }]) {
      assert.throws(
        () => toChat({ messages: [{ role: 'user', content: [{ type: 'text', text: 'see' }, block] }] }),
        refusal('request.unsupported', 'messages[0].content[1]'),
      )
      const result = { type: 'tool_result', tool_use_id: 'a', content: [block] }
      assert.throws(
        () => toChat({ messages: [{ role: 'user', content: [result] }] }),
        refusal('request.unsupported', 'messages[0].content[0].content[0]'),
      )
    }
    assert.throws(
      () => toChat({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }),
      refusal('request.unsupported', 'tools[0].type'),
    )
  })

  it('is refused where a block or a tool lacks what it needs', () => {
    const cases: readonly [Partial<MessagesRequest>, string][] = [
      [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
      [{ messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] }, 'messages[0].content[0].tool_use_id'],
      [{ messages: [{ role: 'assistant', content: [{ type: 'tool_use' }] }] }, 'messages[0].content[0].id'],
      [{ system: [{ type: 'text' }] }, 'system[0].text'],
      [{ tools: [{ name: 'bare' }] }, 'tools[0].input_schema'],
    ]
    for (const [body, param] of cases) assert.throws(() => toChat(body), refusal('request.invalid', param))
  })
})
