import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { chatOptions, completionOptions } from '../../../src/inference/predict-options.ts'
import type { ChatRequest, Sampling } from '../../../src/inference/request.ts'
import type { ModelParameters } from '../../../src/models/model-config.ts'
import { modelConfig } from '../../integration/scripted-backend.ts'

const dice = () => 0.5

function chat(request: Partial<ChatRequest> = {}, config = modelConfig('m')) {
  return chatOptions(
    { model: 'm', messages: [{ role: 'user', content: 'hi' }], sampling: {}, ...request },
    config,
    dice,
  )
}

function complete(sampling: Sampling, parameters: Partial<ModelParameters> = {}) {
  const config = modelConfig('m', { parameters: { model: 'm.gguf', ...parameters } })
  return completionOptions({ model: 'm', prompt: 'Once', sampling }, config, dice)
}

describe('sampling', () => {
  it("takes LocalAI's defaults where nobody says anything", () => {
    assert.deepEqual(complete({}), {
      Prompt: 'Once',
      Temperature: 0.9,
      TopP: 0.95,
      TopK: 40,
      TypicalP: 1,
      Seed: 2 ** 30,
      StopPrompts: [],
    })
  })

  const fields = [
    ['temperature', 'Temperature', 0, 0.3],
    ['topP', 'TopP', 0.1, 0.2],
    ['topK', 'TopK', 1, 2],
    ['minP', 'MinP', 0.01, 0.02],
    ['typicalP', 'TypicalP', 0.5, 0.6],
    ['maxTokens', 'Tokens', 5, 6],
    ['seed', 'Seed', 0, 7],
    ['repeatPenalty', 'Penalty', 1.1, 1.2],
    ['repeatLastN', 'Repeat', 8, 9],
    ['frequencyPenalty', 'FrequencyPenalty', 0, 0.5],
    ['presencePenalty', 'PresencePenalty', 0, 0.5],
    ['ignoreEos', 'IgnoreEOS', false, true],
  ] as const
  for (const [field, wire, requested, configured] of fields) {
    it(`${field}: the request wins over the configuration, also with a zero`, () => {
      assert.equal(complete({ [field]: requested }, { [field]: configured })[wire], requested)
      assert.equal(complete({}, { [field]: configured })[wire], configured)
    })
  }

  const rare = [
    ['tailFreeZ', 'TailFreeSamplingZ', 'tfz', 0.5, 0.6],
    ['keepTokens', 'NKeep', 'n_keep', 0, 7],
    ['mirostat', 'Mirostat', 'mirostat', 0, 2],
    ['mirostatEta', 'MirostatETA', 'mirostat_eta', 0.2, 0.3],
    ['mirostatTau', 'MirostatTAU', 'mirostat_tau', 4, 5],
    ['negativePrompt', 'NegativePrompt', 'negative_prompt', '', 'ugly'],
    ['negativePromptScale', 'NegativePromptScale', 'negative_prompt_scale', 0, 2],
    ['ropeFreqBase', 'RopeFreqBase', 'rope_freq_base', 1, 10_000],
    ['ropeFreqScale', 'RopeFreqScale', 'rope_freq_scale', 1, 0.5],
  ] as const
  for (const [field, wire, key, requested, configured] of rare) {
    it(`${field}: so does what only some backends have a use for`, () => {
      const options = (sampling: Sampling, prediction?: object) =>
        completionOptions({ model: 'm', prompt: '', sampling }, modelConfig('m', prediction && { prediction }), dice)
      assert.equal(options({ [field]: requested }, { [key]: configured })[wire], requested)
      assert.equal(options({}, { [key]: configured })[wire], configured)
      assert.equal(options({})[wire], undefined)
    })
  }

  it('biases of the configuration hold where the request has none', () => {
    const parameters = { logitBias: { 5: -1 } }
    assert.equal(complete({}, parameters).LogitBias, '{"5":-1}')
    assert.equal(complete({ logitBias: { 6: 1 } }, parameters).LogitBias, '{"6":1}')
  })

  it('throws the dice for a negative seed and folds a large one into what the wire carries', () => {
    assert.equal(complete({ seed: -1 }).Seed, 2 ** 30)
    assert.equal(complete({ seed: 2 ** 31 + 5 }).Seed, 5)
    assert.equal(complete({ seed: 2 ** 31 - 1 }).Seed, 2 ** 31 - 1)
  })

  it('joins the stop words of both, without empty ones and repetitions', () => {
    const config = modelConfig('m', { stopWords: ['</s>', 'User:'] })
    const options = chat({ sampling: { stop: ['User:', '', '\n\n'] } }, config)
    assert.deepEqual(options.StopPrompts, ['</s>', 'User:', '\n\n'])
  })

  it('asks for log probabilities also when no alternatives are wanted', () => {
    assert.equal(complete({ topLogprobs: 0 }).Logprobs, 1)
    assert.equal(complete({ topLogprobs: 0 }).TopLogprobs, 0)
    assert.equal('Logprobs' in complete({}), false)
  })

  it('writes the logit bias as JSON', () => {
    assert.equal(complete({ logitBias: { 15: -100 } }).LogitBias, '{"15":-100}')
  })
})

describe('grammar', () => {
  const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] } as const

  it('comes from the response format', () => {
    assert.match(chat({ responseFormat: { type: 'json-schema', schema } }).Grammar ?? '', /root\s*::=/)
    assert.match(chat({ responseFormat: { type: 'json-object' } }).Grammar ?? '', /root\s*::=/)
    assert.equal('Grammar' in chat({ responseFormat: { type: 'text' } }), false)
  })

  it('a forced call rules a response format out', () => {
    const asked = { tools: [{ name: 'f' }], responseFormat: { type: 'json-object' } } as const
    for (const toolChoice of ['required', { name: 'f' }] as const) {
      assert.equal('Grammar' in chat({ ...asked, toolChoice }), false)
    }
    assert.equal('Grammar' in chat({ ...asked, toolChoice: 'auto' }), true)
  })

  it('is the configured one unless the request brings its own', () => {
    const config = modelConfig('m', { grammar: 'root ::= "configured"' })
    assert.equal(chat({}, config).Grammar, 'root ::= "configured"')
    assert.equal(chat({ sampling: { grammar: 'root ::= "own"' } }, config).Grammar, 'root ::= "own"')
  })

  it('refuses two at once', () => {
    const both = { sampling: { grammar: 'root ::= "own"' }, responseFormat: { type: 'json-object' } } as const
    assert.throws(
      () => chat(both),
      (error) => error instanceof AppError && error.code === 'request.invalid',
    )
  })
})

describe('chat', () => {
  it('sends messages in the shapes of the backend protocol', () => {
    const options = chat({
      messages: [
        { role: 'user', content: 'weather?', name: 'ann' },
        {
          role: 'assistant',
          content: '',
          toolCalls: [{ id: 'c1', name: 'get', arguments: '{"a":1}' }],
          reasoning: 'hm',
        },
        { role: 'tool', content: '20', toolCallId: 'c1' },
      ],
    })
    assert.equal(options.UseTokenizerTemplate, true)
    assert.deepEqual(options.Messages, [
      { role: 'user', content: 'weather?', name: 'ann' },
      {
        role: 'assistant',
        content: '',
        reasoning_content: 'hm',
        tool_calls: '[{"id":"c1","type":"function","function":{"name":"get","arguments":"{\\"a\\":1}"}}]',
      },
      { role: 'tool', content: '20', tool_call_id: 'c1' },
    ])
  })

  it('puts the configured system prompt in front only of a conversation that has none', () => {
    const config = modelConfig('m', { systemPrompt: 'Be brief.' })
    assert.deepEqual(chat({}, config).Messages?.[0], { role: 'system', content: 'Be brief.' })
    for (const role of ['system', 'developer'] as const) {
      const messages = [
        { role, content: 'Be long.' },
        { role: 'user', content: 'hi' },
      ] as const
      assert.equal(chat({ messages }, config).Messages?.length, 2)
    }
  })

  it('sends tools and the choice among them as JSON', () => {
    const tools = [{ name: 'get', description: 'Gets', parameters: { type: 'object' }, strict: true }]
    const json =
      '[{"type":"function","function":{"name":"get","description":"Gets","parameters":{"type":"object"},"strict":true}}]'
    assert.deepEqual(pickTools(chat({ tools })), { Tools: json, ToolChoice: 'auto' })
    assert.equal(chat({ tools, toolChoice: 'required' }).ToolChoice, 'required')
    assert.equal(
      chat({ tools, toolChoice: { name: 'get' } }).ToolChoice,
      '{"type":"function","function":{"name":"get"}}',
    )
    assert.deepEqual(pickTools(chat({ tools, toolChoice: 'none' })), { Tools: undefined, ToolChoice: undefined })
  })

  it('turns thinking off as configured, unless the request says otherwise', () => {
    const config = modelConfig('m', { reasoningDisabled: true })
    assert.deepEqual(chat({}, config).Metadata, { enable_thinking: 'false' })
    const eager = modelConfig('m', { reasoningEffort: 'none', templateValues: { style: 'x', size: 1 } })
    assert.deepEqual(chat({}, eager).Metadata, {
      reasoning_effort: 'none',
      enable_thinking: 'false',
      chat_template_kwargs: '{"style":"x","size":1}',
    })
    const asked = {
      metadata: { reasoning_effort: 'high', chat_template_kwargs: 'a label' },
      templateValues: { size: 2 },
    }
    assert.deepEqual(chat(asked, eager).Metadata, {
      reasoning_effort: 'high',
      chat_template_kwargs: '{"style":"x","size":2}',
    })
    assert.deepEqual(chat({ metadata: { enable_thinking: 'true', user: 'x' } }, config).Metadata, {
      enable_thinking: 'true',
      user: 'x',
    })
  })
})

function pickTools({ Tools, ToolChoice }: ReturnType<typeof chat>) {
  return { Tools, ToolChoice }
}
