import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chatOptions, completionOptions } from '../../../src/inference/predict-options.ts'
import type { ChatRequest } from '../../../src/inference/request.ts'
import { toModelConfig } from '../../../src/models/to-model-config.ts'
import { DIALECTS, type UpstreamKind } from '../../../src/upstreams/dialects.ts'
import { toChatBody } from '../../../src/upstreams/requests/to-chat-body.ts'
import { toCompletionBody } from '../../../src/upstreams/requests/to-completion-body.ts'

const config = { ...toModelConfig({ backend: 'upstream' }, { name: 'a/m', modelFile: '' }, {}), attached: 'a' }
const to = (kind: UpstreamKind) => ({ upstream: 'a', model: 'm', dialect: DIALECTS[kind] })
const base: ChatRequest = { model: 'a/m', messages: [{ role: 'user', content: 'hi' }], sampling: {} }

/** The body that a request ends as, through all of inference's own rules. */
function body(request: Partial<ChatRequest>, kind: UpstreamKind = 'openai') {
  return toChatBody(
    chatOptions({ ...base, ...request }, config, () => 0.5),
    to(kind),
  )
}

describe('the body of a chat', () => {
  it('says what the request says, and leaves all else to the server', () => {
    assert.deepEqual(body({}), {
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
      stream_options: { include_usage: true },
    })
  })
  it('keeps a zero that was said', () => {
    const { temperature, top_p, seed, max_tokens, stop } = body({
      sampling: { temperature: 0, topP: 0, seed: 0, maxTokens: 7, stop: ['x'] },
    })
    assert.deepEqual(
      { temperature, top_p, seed, max_tokens, stop },
      { temperature: 0, top_p: 0, seed: 0, max_tokens: 7, stop: ['x'] },
    )
  })
  it('leaves a negative seed to the server', () => {
    assert.equal(body({ sampling: { seed: -1 } })['seed'], undefined)
  })
  it('has the words of each server for what OpenAI has none for', () => {
    const sampling = { topK: 5, repeatPenalty: 1.1 }
    assert.equal(body({ sampling }, 'llama-server')['repeat_penalty'], 1.1)
    assert.equal(body({ sampling }, 'vllm')['repetition_penalty'], 1.1)
    assert.equal(body({ sampling }, 'sglang')['top_k'], 5)
  })
  it('refuses what the server cannot be asked, by its name', () => {
    const wishes: readonly [Partial<ChatRequest>, UpstreamKind, RegExp][] = [
      [{ sampling: { topK: 5 } }, 'openai', /"top_k" cannot be asked of m: upstream a/],
      [{ sampling: { grammar: 'root ::= "a"' } }, 'vllm', /"grammar"/],
      [{ sampling: { negativePrompt: 'x' } }, 'llama-server', /"negative_prompt"/],
      [{ tools: [{ name: 'f' }], toolChoice: 'required' }, 'ollama', /"tool_choice"/],
      [{ templateValues: { style: 'x' } }, 'openai', /"chat_template_kwargs"/],
    ]
    for (const [wish, kind, words] of wishes) {
      assert.throws(
        () => body(wish, kind),
        (error) =>
          error instanceof Error &&
          'code' in error &&
          error.code === 'request.unsupported' &&
          words.test(error.message),
      )
    }
  })
  it('asks for JSON as it was asked, not as a grammar', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } } }
    const { response_format, grammar } = body({ responseFormat: { type: 'json-schema', schema } })
    assert.deepEqual(response_format, { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } })
    assert.equal(grammar, undefined)
    assert.deepEqual(body({ responseFormat: { type: 'json-object' } })['response_format'], { type: 'json_object' })
    assert.equal(body({ sampling: { grammar: 'root ::= "a"' } }, 'llama-server')['grammar'], 'root ::= "a"')
  })
  it('carries tools, calls and their results', () => {
    const call = { id: 'c1', name: 'f', arguments: '{"x":1}' }
    const { messages, tools, tool_choice } = body({
      tools: [{ name: 'f', parameters: { type: 'object' } }],
      toolChoice: { name: 'f' },
      messages: [
        { role: 'developer', content: 'be short' },
        { role: 'assistant', content: '', toolCalls: [call] },
        { role: 'tool', content: '2', toolCallId: 'c1' },
      ],
    })
    assert.deepEqual(messages, [
      { role: 'system', content: 'be short' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }],
      },
      { role: 'tool', content: '2', tool_call_id: 'c1' },
    ])
    assert.deepEqual(tools, [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }])
    assert.deepEqual(tool_choice, { type: 'function', function: { name: 'f' } })
  })
  it('turns thinking off where the server has a template to tell', () => {
    const metadata = { enable_thinking: 'false' }
    assert.deepEqual(body({ metadata }, 'vllm')['chat_template_kwargs'], { enable_thinking: false })
    const wish = { metadata: { reasoning_effort: 'low' } }
    const values = { ...wish, templateValues: { style: 'x' } }
    assert.deepEqual(body(values, 'vllm')['chat_template_kwargs'], { reasoning_effort: 'low', style: 'x' })
    assert.equal(body(wish, 'openai')['reasoning_effort'], 'low')
    assert.equal(body({ metadata }, 'openai')['chat_template_kwargs'], undefined)
  })
})

describe('the body of a completion', () => {
  const of = (kind: UpstreamKind, sampling = {}) =>
    toCompletionBody(
      completionOptions(
        { model: 'a/m', prompt: 'Once', sampling, responseFormat: { type: 'json-object' } },
        config,
        () => 0.5,
      ),
      to(kind),
    )
  it('is held to a schema as the server does it, or refused', () => {
    assert.deepEqual(of('llama-server')['json_schema'], { type: 'object' })
    assert.deepEqual(of('vllm')['response_format'], { type: 'json_object' })
    assert.throws(() => of('openai'), /"response_format" cannot be asked/)
  })
  it('asks for log probabilities by the number of alternatives', () => {
    assert.equal(of('vllm', { topLogprobs: 3 })['logprobs'], 3)
  })
})
