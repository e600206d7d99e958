import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseBoundedJson } from '../../../src/builtin/llama-cpp/bounded-json.ts'
import { toChatInput } from '../../../src/builtin/llama-cpp/chat-request.ts'
import { chooseEngine, nodeThreads } from '../../../src/builtin/llama-cpp/load-engine.ts'
import { toLoadRequest } from '../../../src/builtin/llama-cpp/load-request.ts'
import { toGenerationSettings } from '../../../src/builtin/llama-cpp/predict-request.ts'
import type { Message__Output } from '../../../src/grpc/generated/backend/Message.ts'
import type { ModelOptions, ModelOptions__Output } from '../../../src/grpc/generated/backend/ModelOptions.ts'
import type { PredictOptions, PredictOptions__Output } from '../../../src/grpc/generated/backend/PredictOptions.ts'
import { loadBackendService } from '../../../src/grpc/load-proto.ts'

const { LoadModel, PredictStream } = loadBackendService().service
/** Over the wire and back: proto3's defaults for everything that is not given. */
const modelOptions = (given: ModelOptions): ModelOptions__Output =>
  LoadModel?.requestDeserialize(LoadModel.requestSerialize(given)) as ModelOptions__Output
const predictOptions = (given: PredictOptions): PredictOptions__Output =>
  PredictStream?.requestDeserialize(PredictStream.requestSerialize(given)) as PredictOptions__Output
const message = (given: Partial<Message__Output>): Message__Output => ({
  role: 'user',
  content: '',
  name: '',
  tool_call_id: '',
  reasoning_content: '',
  tool_calls: '',
  ...given,
})

describe('LoadModel options', () => {
  it('leaves to the engine what is not said', () => {
    const { options, engine } = toLoadRequest(modelOptions({ ModelFile: '/m/a.gguf' }))
    assert.equal(engine, undefined)
    assert.ok(options.threads >= 1)
    assert.deepEqual(
      { ...options, threads: 1 },
      {
        modelFile: '/m/a.gguf',
        contextSize: 0,
        threads: 1,
        gpuLayers: 0,
        batchSize: 0,
        parallel: 0,
        embeddings: false,
        reranking: false,
        mmap: false,
        mlock: false,
        flashAttention: 'auto',
        lora: [],
      },
    )
  })

  it('reads the free options, and what LocalAI sends', () => {
    const request = toLoadRequest(
      modelOptions({
        Model: 'a.gguf',
        ModelPath: '/m',
        ContextSize: 2048,
        Threads: 3,
        NGPULayers: 99999999,
        FlashAttention: 'on',
        LoraAdapters: ['x.gguf', '/l/y.gguf'],
        LoraScales: [0.5],
        Options: ['parallel:8', 'engine:node-llama-cpp', 'nlc_threads:2', 'use_jinja', 'unknown:1'],
      }),
    )
    assert.equal(request.engine, 'node-llama-cpp')
    assert.equal(request.nodeThreads, 2)
    assert.equal(request.options.modelFile, '/m/a.gguf')
    assert.equal(request.options.parallel, 8)
    assert.equal(request.options.flashAttention, 'on')
    assert.deepEqual(request.options.lora, [
      { file: '/m/x.gguf', scale: 0.5 },
      { file: '/l/y.gguf', scale: 1 },
    ])
  })

  it('refuses what makes no sense', () => {
    for (const option of ['parallel:0', 'parallel:many', 'parallel:1e9', 'nlc_threads:-1', 'engine:vllm']) {
      assert.throws(() => toLoadRequest(modelOptions({ ModelFile: '/a', Options: [option] })), {
        code: 'request.invalid',
      })
    }
    assert.throws(() => toLoadRequest(modelOptions({})), { code: 'request.invalid' })
  })
})

describe('the choice of engine', () => {
  it('prefers llama-server on a CPU, node-llama-cpp on a GPU, and does as it is told', () => {
    assert.equal(chooseEngine('auto', { hasLlamaServer: true, hasGpu: false }), 'llama-server')
    assert.equal(chooseEngine('auto', { hasLlamaServer: true, hasGpu: true }), 'node-llama-cpp')
    assert.equal(chooseEngine('auto', { hasLlamaServer: false, hasGpu: false }), 'node-llama-cpp')
    assert.equal(chooseEngine('llama-server', { hasLlamaServer: false, hasGpu: true }), 'llama-server')
    assert.equal(chooseEngine('node-llama-cpp', { hasLlamaServer: true, hasGpu: false }), 'node-llama-cpp')
  })

  it('gives node-llama-cpp one thread on a CPU unless the model says otherwise', () => {
    const request = toLoadRequest(modelOptions({ ModelFile: '/a', Threads: 6 }))
    assert.equal(nodeThreads(request, false), 1)
    assert.equal(nodeThreads(request, true), 6)
    assert.equal(nodeThreads({ ...request, nodeThreads: 4 }, false), 4)
  })
})

describe('Predict options', () => {
  it("takes proto3's zeros for neutral", () => {
    assert.deepEqual(toGenerationSettings(predictOptions({ Seed: -1 })), {
      maxTokens: 0,
      sampling: { temperature: 0, ignoreEos: false },
      stop: [],
    })
    const neutral = predictOptions({ TopP: 1, Penalty: 1, TypicalP: 1, Seed: -7, Repeat: 32 })
    assert.deepEqual(toGenerationSettings(neutral).sampling, { temperature: 0, ignoreEos: false })
  })

  it('reads every sampling value', () => {
    const settings = toGenerationSettings(
      predictOptions({
        Tokens: 12,
        Temperature: 0.5,
        TopK: 40,
        TopP: 0.5,
        MinP: 0.25,
        TypicalP: 0.75,
        Seed: 0,
        Penalty: 1.5,
        FrequencyPenalty: 0.25,
        PresencePenalty: -0.5,
        IgnoreEOS: true,
        LogitBias: '{"5": -100, "7": false}',
        StopPrompts: ['a', ''],
        Grammar: 'root ::= "x"',
        Logprobs: 1,
      }),
    )
    assert.deepEqual(settings, {
      maxTokens: 12,
      stop: ['a'],
      grammar: 'root ::= "x"',
      topLogprobs: 0,
      sampling: {
        temperature: 0.5,
        topK: 40,
        topP: 0.5,
        minP: 0.25,
        typicalP: 0.75,
        seed: 0,
        repeatPenalty: 1.5,
        repeatLastN: 64,
        frequencyPenalty: 0.25,
        presencePenalty: -0.5,
        ignoreEos: true,
        logitBias: new Map([
          [5, -100],
          [7, Number.NEGATIVE_INFINITY],
        ]),
      },
    })
  })

  it('refuses media by name, and what is malformed or too much', () => {
    assert.throws(() => toGenerationSettings(predictOptions({ Images: ['x'] })), {
      code: 'request.unsupported',
      message: /images/,
    })
    const bad: PredictOptions[] = [
      { LogitBias: '{"a": 1}' },
      { LogitBias: '[1]' },
      { LogitBias: '{' },
      { LogitBias: '{"1": "x"}' },
      { StopPrompts: Array.from({ length: 1000 }, () => 'x') },
      { StopPrompts: ['x'.repeat(100_000)] },
      { Grammar: 'x'.repeat(3_000_000) },
      // llama.cpp's parser would overflow its stack and take the process with it.
      { Grammar: `root ::= ${'('.repeat(100_000)}` },
    ]
    for (const request of bad) {
      assert.throws(() => toGenerationSettings(predictOptions(request)), { code: 'request.invalid' })
    }
  })
})

describe('chat requests', () => {
  const chat = (given: PredictOptions) => toChatInput(predictOptions(given))

  it("reads turns, tools and choice from OpenAI's JSON", () => {
    const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }
    const input = chat({
      Messages: [
        message({ content: 'hi' }),
        message({ role: 'assistant', reasoning_content: 'hm', tool_calls: JSON.stringify([call]) }),
        message({ role: 'tool', content: '20', name: 'f', tool_call_id: 'c1' }),
      ],
      Tools: JSON.stringify([{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]),
      ToolChoice: '{"type":"function","function":{"name":"f"}}',
      Metadata: { enable_thinking: 'false', reasoning_effort: 'low', chat_template_kwargs: '{"style":"x"}' },
    })
    assert.deepEqual(input, {
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'assistant',
          content: '',
          reasoning: 'hm',
          toolCalls: [{ id: 'c1', name: 'f', arguments: '{"a":1}' }],
        },
        { role: 'tool', content: '20', name: 'f', toolCallId: 'c1' },
      ],
      tools: [{ name: 'f', parameters: { type: 'object' } }],
      toolChoice: { name: 'f' },
      templateValues: { reasoning_effort: 'low', style: 'x' },
      enableThinking: false,
    })
  })

  it('knows the ways to write a tool choice', () => {
    const choices: [string, unknown][] = [
      ['', 'auto'],
      ['auto', 'auto'],
      ['"none"', 'none'],
      ['required', 'required'],
      ['my_tool', { name: 'my_tool' }],
      ['{"name":"x"}', { name: 'x' }],
    ]
    for (const [text, choice] of choices) assert.deepEqual(chat({ ToolChoice: text }).toolChoice, choice)
  })

  it('refuses what is malformed', () => {
    const bad: PredictOptions[] = [
      { Tools: '{}' },
      { Tools: '[{"function":{}}]' },
      { ToolChoice: '{}' },
      { Messages: [message({ tool_calls: '[1]' })] },
    ]
    for (const request of bad) assert.throws(() => chat(request), { code: 'request.invalid' })
  })
})

describe('JSON in string fields', () => {
  it('is bounded in depth and size before it is parsed', () => {
    assert.deepEqual(parseBoundedJson('{"a":["\\"[[[",1]}', 'x'), { a: ['"[[[', 1] })
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    assert.throws(() => parseBoundedJson(deep, 'x'), { code: 'request.invalid', message: /deeper/ })
    assert.throws(() => parseBoundedJson(`"${'x'.repeat(5_000_000)}"`, 'x'), { code: 'request.invalid' })
    assert.throws(() => parseBoundedJson('nope', 'x'), { code: 'request.invalid', message: /not JSON/ })
  })
})
