import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Value } from 'typebox/value'
import { ChatCompletionRequest, CompletionRequest, EmbeddingRequest } from '../../../src/api/openai/schema.ts'
import {
  toChatRequest,
  toCompletionSampling,
  toEmbeddingInputs,
  toPrompts,
} from '../../../src/api/openai/to-inference.ts'
import { AppError } from '../../../src/base/errors.ts'

const messages = [{ role: 'user', content: 'hi' }]

function chat(body: object) {
  return toChatRequest(Value.Parse(ChatCompletionRequest, { messages, ...body }), 'm')
}

function refuses(body: object, code: string, param: string): void {
  assert.throws(
    () => chat(body),
    (error) => {
      assert.ok(error instanceof AppError)
      assert.deepEqual([error.code, error.details['param']], [code, param])
      return true
    },
  )
}

describe('sampling', () => {
  const fields = [
    ['temperature', 'temperature', 0],
    ['top_p', 'topP', 0.5],
    ['top_k', 'topK', 3],
    ['min_p', 'minP', 0.1],
    ['typical_p', 'typicalP', 0.2],
    ['seed', 'seed', 0],
    ['frequency_penalty', 'frequencyPenalty', -1],
    ['presence_penalty', 'presencePenalty', 1],
    ['repeat_penalty', 'repeatPenalty', 1.1],
    ['repeat_last_n', 'repeatLastN', 64],
    ['ignore_eos', 'ignoreEos', true],
    ['grammar', 'grammar', 'root ::= "a"'],
    ['max_tokens', 'maxTokens', 5],
    ['max_completion_tokens', 'maxTokens', 5],
  ] as const
  for (const [wire, field, value] of fields) {
    it(`${wire} becomes ${field}`, () => {
      assert.deepEqual(chat({ [wire]: value }).sampling, { [field]: value })
      assert.deepEqual(chat({ [wire]: null }).sampling, {})
    })
  }

  it('prefers max_completion_tokens, and takes zero and less for no limit', () => {
    assert.equal(chat({ max_tokens: 5, max_completion_tokens: 6 }).sampling.maxTokens, 6)
    for (const max_tokens of [0, -1]) assert.deepEqual(chat({ max_tokens }).sampling, {})
  })

  it('takes one stop string or several', () => {
    assert.deepEqual(chat({ stop: 'a' }).sampling.stop, ['a'])
    assert.deepEqual(chat({ stop: ['a', 'b'] }).sampling.stop, ['a', 'b'])
  })

  it('reports log probabilities when they are asked for', () => {
    assert.equal(chat({ logprobs: true }).sampling.topLogprobs, 0)
    assert.equal(chat({ logprobs: true, top_logprobs: 4 }).sampling.topLogprobs, 4)
    assert.deepEqual(chat({ logprobs: false, top_logprobs: 0 }).sampling, {})
  })
})

describe('messages', () => {
  it('join their text parts', () => {
    const content = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ]
    assert.equal(chat({ messages: [{ role: 'user', content }] }).messages[0]?.content, 'a\nb')
    assert.equal(chat({ messages: [{ role: 'assistant', content: null }] }).messages[0]?.content, '')
  })

  for (const type of ['image_url', 'input_audio', 'video_url', 'file']) {
    it(`refuse ${type}`, () => {
      refuses({ messages: [{ role: 'user', content: [{ type }] }] }, 'request.unsupported', 'messages[0].content[0]')
    })
  }

  it('keep calls and results together', () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: { a: 1 } } }
    const { messages: turns } = chat({
      messages: [
        { role: 'assistant', tool_calls: [call], reasoning_content: 'hm' },
        { role: 'tool', tool_call_id: 'c', content: '1', name: 'f' },
      ],
    })
    assert.deepEqual(turns, [
      { role: 'assistant', content: '', toolCalls: [{ id: 'c', name: 'f', arguments: '{"a":1}' }], reasoning: 'hm' },
      { role: 'tool', content: '1', name: 'f', toolCallId: 'c' },
    ])
  })

  it('of the time of functions are read as calls', () => {
    const { messages: turns } = chat({
      messages: [
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
        { role: 'function', name: 'f', content: '1' },
      ],
    })
    assert.deepEqual(turns, [
      { role: 'assistant', content: '', toolCalls: [{ id: 'f', name: 'f', arguments: '{}' }] },
      { role: 'tool', content: '1', name: 'f', toolCallId: 'f' },
    ])
  })
})

describe('tools', () => {
  const tools = [{ type: 'function', function: { name: 'f', description: null, parameters: { type: 'object' } } }]
  const read = [{ name: 'f', parameters: { type: 'object' } }]

  it('are read, also under their old name', () => {
    assert.deepEqual(chat({ tools }).tools, read)
    assert.deepEqual(chat({ functions: [tools[0]?.function] }).tools, read)
    assert.equal('tools' in chat({ tools: [] }), false)
  })

  const choices = [
    [{ tool_choice: 'auto' }, 'auto'],
    [{ tool_choice: 'none' }, 'none'],
    [{ tool_choice: 'required' }, 'required'],
    [{ tool_choice: { type: 'function', function: { name: 'f' } } }, { name: 'f' }],
    [{ function_call: 'auto' }, 'auto'],
    [{ function_call: { name: 'f' } }, { name: 'f' }],
    [{}, undefined],
  ] as const
  for (const [given, choice] of choices) {
    it(`${JSON.stringify(given)} is a choice of ${JSON.stringify(choice)}`, () => {
      assert.deepEqual(chat({ tools, ...given }).toolChoice, choice)
    })
  }

  it('must be there to be chosen', () => {
    refuses({ tool_choice: 'required' }, 'request.invalid', 'tool_choice')
    refuses({ tools, tool_choice: { function: { name: 'g' } } }, 'request.invalid', 'tool_choice')
    refuses({ tools: [{ type: 'custom' }] }, 'request.unsupported', 'tools[0].type')
    refuses({ tools: [{ type: 'function' }] }, 'request.invalid', 'tools[0].function')
  })
})

describe('the rest of a chat', () => {
  it('names the format of the answer', () => {
    const schema = { type: 'object' }
    assert.deepEqual(chat({ response_format: { type: 'json_object' } }).responseFormat, { type: 'json-object' })
    assert.deepEqual(chat({ response_format: { type: 'text' } }).responseFormat, { type: 'text' })
    assert.deepEqual(chat({ response_format: { type: 'json_schema', json_schema: { schema } } }).responseFormat, {
      type: 'json-schema',
      schema,
    })
  })

  it('hands metadata on as text, and reads the switch for thinking from where others put it', () => {
    assert.deepEqual(chat({ metadata: { a: 1, b: true, c: 'x' } }).metadata, { a: '1', b: 'true', c: 'x' })
    assert.deepEqual(chat({ chat_template_kwargs: { enable_thinking: false } }).metadata, { enable_thinking: 'false' })
    assert.deepEqual(chat({ reasoning_effort: 'low' }).metadata, { reasoning_effort: 'low' })
    assert.deepEqual(chat({ reasoning_effort: 'none' }).metadata, {
      reasoning_effort: 'none',
      enable_thinking: 'false',
    })
    const { metadata, templateValues } = chat({ chat_template_kwargs: { enable_thinking: true, style: { of: 'x' } } })
    assert.deepEqual(
      { metadata, templateValues },
      { metadata: { enable_thinking: 'true' }, templateValues: { style: { of: 'x' } } },
    )
    assert.equal('metadata' in chat({}), false)
  })
})

describe('completions and embeddings', () => {
  const completion = (body: object) => Value.Parse(CompletionRequest, { prompt: 'a', ...body })
  const inputs = (input: unknown) => toEmbeddingInputs(Value.Parse(EmbeddingRequest, { input }))

  it('take one prompt or several', () => {
    assert.deepEqual(toPrompts(completion({})), ['a'])
    assert.deepEqual(toPrompts(completion({ prompt: ['a', 'b'] })), ['a', 'b'])
    assert.throws(() => toPrompts(completion({ prompt: [[1]] })), /token ids/)
    assert.throws(() => toPrompts(completion({ prompt: Array.from({ length: 257 }, () => 'a') })), /more than 256/)
  })

  it('read log probabilities as a number or a yes', () => {
    assert.equal(toCompletionSampling(completion({ logprobs: 3 })).topLogprobs, 3)
    assert.equal(toCompletionSampling(completion({ logprobs: true })).topLogprobs, 0)
    assert.equal('topLogprobs' in toCompletionSampling(completion({ logprobs: false })), false)
  })

  it('refuse what would silently not happen', () => {
    assert.throws(() => toCompletionSampling(completion({ suffix: 'x' })), /suffix/)
    assert.throws(() => toCompletionSampling(completion({ best_of: 3, n: 2 })), /best_of/)
    assert.deepEqual(toCompletionSampling(completion({ best_of: 2, n: 2, suffix: '' })), {})
  })

  it('tell one list of tokens from a list of lists', () => {
    assert.deepEqual(inputs('a'), ['a'])
    assert.deepEqual(inputs([1, 2]), [[1, 2]])
    assert.deepEqual(inputs([[1, 2], [3]]), [[1, 2], [3]])
    assert.deepEqual(inputs(['a', [3]]), ['a', [3]])
    assert.throws(() => inputs(['a', 3]), /must not mix/)
  })
})
