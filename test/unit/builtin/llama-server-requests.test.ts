import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import type { EngineLoadOptions, EngineModelInfo, GenerateRequest } from '../../../src/builtin/llama-cpp/engine.ts'
import {
  type CompletionEvent,
  createCompletionAnswer,
} from '../../../src/builtin/llama-cpp/llama-server/completion-answer.ts'
import { toCompletionBody } from '../../../src/builtin/llama-cpp/llama-server/completion-request.ts'
import { serverArguments } from '../../../src/builtin/llama-cpp/llama-server/server-arguments.ts'
import { fromErrorObject, toServerError } from '../../../src/builtin/llama-cpp/llama-server/server-errors.ts'

const INFO: EngineModelInfo = {
  contextSize: 300,
  trainContextSize: 2048,
  vocabularySize: 576,
  bosToken: '<s>',
  eosToken: '</s>',
  addsBos: true,
}
const REQUEST: GenerateRequest = {
  prompt: 'hi',
  maxTokens: 5,
  sampling: { temperature: 0.7, ignoreEos: false },
  stop: [],
}
const OPTIONS: EngineLoadOptions = {
  modelFile: '/models/m.gguf',
  contextSize: 300,
  threads: 3,
  gpuLayers: 0,
  batchSize: 256,
  parallel: 4,
  embeddings: false,
  reranking: false,
  mmap: true,
  mlock: false,
  flashAttention: 'off',
  lora: [],
}

describe('the arguments of llama-server', () => {
  const argument = (name: string, changes: Partial<EngineLoadOptions> = {}): string | undefined => {
    const args = serverArguments({ ...OPTIONS, ...changes }, '/tmp/x.sock')
    const at = args.indexOf(name)
    return at < 0 ? undefined : args[at + 1]
  }
  it('give each sequence the context that was asked for', () => {
    assert.equal(argument('--ctx-size'), '1200')
    assert.equal(argument('--kv-unified-per-slot'), '300')
    assert.equal(argument('--parallel'), '4')
    assert.equal(argument('--ctx-size', { contextSize: 0, parallel: 2 }), '8192')
  })
  it('make passes as long as the context where a text must go in whole', () => {
    assert.equal(argument('--ubatch-size'), '256')
    assert.equal(argument('--ubatch-size', { embeddings: true }), '300')
    assert.equal(argument('--batch-size', { reranking: true, contextSize: 512 }), '512')
    assert.equal(argument('--ubatch-size', { embeddings: true, batchSize: 1024 }), '1024')
  })
  it('ask for vectors only where they are wanted', () => {
    assert.ok(!serverArguments(OPTIONS, '/x.sock').includes('--embeddings'))
    assert.ok(serverArguments({ ...OPTIONS, embeddings: true }, '/x.sock').includes('--embeddings'))
    const both = serverArguments({ ...OPTIONS, embeddings: true, reranking: true }, '/x.sock')
    assert.ok(both.includes('--reranking') && !both.includes('--embeddings'))
  })
  it('say how the file is read and where layers go', () => {
    assert.equal(argument('--load-mode'), 'mmap')
    assert.equal(argument('--load-mode', { mlock: true }), 'mmap+mlock')
    assert.equal(argument('--load-mode', { mmap: false }), 'none')
    assert.equal(argument('--device'), 'none')
    assert.equal(argument('--n-gpu-layers', { gpuLayers: 7 }), '7')
    assert.equal(argument('--n-gpu-layers', { gpuLayers: 99_999_999 }), 'all')
  })
  it('carry LoRA files, but none whose name would be read as two', () => {
    assert.equal(argument('--lora-scaled', { lora: [{ file: '/a/b.gguf', scale: 0.5 }] }), '/a/b.gguf:0.5')
    assert.throws(() => argument('--lora-scaled', { lora: [{ file: '/a,b:c.gguf', scale: 1 }] }), AppError)
  })
})

describe('the body of a completion', () => {
  const bodyOf = (changes: Partial<GenerateRequest>, info = INFO): Record<string, unknown> =>
    JSON.parse(toCompletionBody({ ...REQUEST, ...changes }, { info, endTexts: new Map([[2, '</s>']]) }))
  const sampled = (sampling: Partial<GenerateRequest['sampling']>): Record<string, unknown> =>
    bodyOf({ sampling: { temperature: 0.7, ignoreEos: false, ...sampling } })

  it('is neutral where nothing was asked', () => {
    const { top_k, top_p, min_p, typical_p, repeat_penalty, seed, n_probs, grammar } = bodyOf({})
    assert.deepEqual([top_k, top_p, min_p, typical_p, repeat_penalty], [0, 1, 0, 1, 1])
    assert.deepEqual([seed, n_probs, grammar], [undefined, undefined, undefined])
  })
  it('carries every wish', () => {
    const body = sampled({ topK: 5, topP: 0.9, minP: 0.1, typicalP: 0.8, seed: 42, frequencyPenalty: 1 })
    assert.deepEqual(
      [body['top_k'], body['top_p'], body['min_p'], body['typical_p'], body['seed'], body['frequency_penalty']],
      [5, 0.9, 0.1, 0.8, 42, 1],
    )
    assert.equal(sampled({ repeatLastN: -1 })['repeat_last_n'], 300)
    assert.equal(sampled({ ignoreEos: true })['ignore_eos'], true)
    assert.equal(bodyOf({ grammar: 'root ::= "a"' })['grammar'], 'root ::= "a"')
  })
  it('chooses the likeliest token at temperature 0', () => {
    const body = sampled({ temperature: 0, topK: 40 })
    assert.deepEqual([body['temperature'], body['top_k'], body['samplers']], [0, 1, ['penalties', 'top_k']])
  })
  it('forbids a token in the way that JSON can say', () => {
    const logitBias = new Map([
      [3, Number.NEGATIVE_INFINITY],
      [4, -2.5],
    ])
    assert.deepEqual(sampled({ logitBias })['logit_bias'], [
      [3, false],
      [4, -2.5],
    ])
  })
  it('does not forbid the end under a grammar, behind which nothing else may come', () => {
    const logitBias = new Map([
      [2, 5],
      [7, 1],
    ])
    const body = bodyOf({ grammar: 'root ::= "a"', sampling: { temperature: 1, ignoreEos: true, logitBias } })
    assert.equal(body['ignore_eos'], undefined)
    assert.deepEqual(body['logit_bias'], [
      [2, -10_000],
      [7, 1],
    ])
  })
  it('has no second beginning-of-sequence token', () => {
    assert.equal(bodyOf({ prompt: '<s>hi' })['prompt'], 'hi')
    assert.equal(bodyOf({ prompt: '<s>hi' }, { ...INFO, addsBos: false })['prompt'], '<s>hi')
    assert.equal(bodyOf({ prompt: '' }, { ...INFO, addsBos: false })['prompt'], '<s>')
  })
  it('asks for at least one alternative, or none are told', () => {
    assert.equal(bodyOf({ topLogprobs: 0 })['n_probs'], 1)
    assert.equal(bodyOf({ topLogprobs: 4 })['n_probs'], 4)
  })
  it('runs until the context is full when there is no limit', () => {
    assert.equal(bodyOf({ maxTokens: 0 })['n_predict'], -1)
  })
})

describe('the answer made of events', () => {
  const token = (
    content: string,
    tokens_predicted: number,
    changes: Partial<CompletionEvent> = {},
  ): CompletionEvent => ({
    content,
    tokens: [100],
    stop: false,
    tokens_predicted,
    tokens_evaluated: 9,
    ...changes,
  })
  const end = (stop_type: 'eos' | 'limit', tokens_predicted: number): CompletionEvent => ({
    ...token('', tokens_predicted, { tokens: [], stop: true, stop_type }),
    'timings/cache_n': 4,
    'timings/prompt_ms': 1.5,
    'timings/predicted_ms': 2.5,
  })
  const answerTo = (stop: readonly string[]) =>
    createCompletionAnswer({ request: { stop }, endTexts: new Map([[2, '</s>']]), now: () => 10 })

  it('is their text, then the account of the server', () => {
    const answer = answerTo([])
    assert.deepEqual(answer.push(token('a', 1)), { piece: { text: 'a', tokens: 1 } })
    assert.deepEqual(answer.push(end('limit', 1)), {
      end: {
        reason: 'length',
        promptTokens: 9,
        cachedTokens: 4,
        completionTokens: 1,
        promptMs: 1.5,
        generationMs: 2.5,
      },
    })
  })
  it('does not show the token that ends it', () => {
    const answer = answerTo([])
    assert.deepEqual(answer.push(token('</s>', 2, { tokens: [2] })), {})
    assert.equal(answerTo([]).push(token('b</s>', 2, { tokens: [2] })).piece?.text, 'b')
    assert.equal(answer.push(end('eos', 2)).end?.reason, 'stop')
  })
  it('holds text back while a stop string may come, and gives it when it did not', () => {
    const answer = answerTo(['stop'])
    assert.deepEqual(answer.push(token('a s', 1)), { piece: { text: 'a ', tokens: 1 } })
    assert.deepEqual(answer.push(token('to', 2)), {})
    assert.deepEqual(answer.push(end('limit', 2)).piece, { text: 'sto', tokens: 2 })
  })
  it('ends at a stop string with its own account', () => {
    const answer = answerTo(['stop'])
    assert.deepEqual(answer.push(token('', 0, { prompt_progress: { cache: 7 } })), {})
    answer.push(token('a s', 1))
    assert.deepEqual(answer.push(token('top b', 2)).end, {
      reason: 'stop',
      stopSequence: 'stop',
      promptTokens: 9,
      cachedTokens: 7,
      completionTokens: 2,
      promptMs: 0,
      generationMs: 0,
    })
  })
  it('throws the error that a stream may end with', () => {
    const event = token('', 1, { error: { code: 500, message: 'decode failed', type: 'server_error' } })
    assert.throws(
      () => answerTo([]).push(event),
      (error) => error instanceof AppError && error.code === 'backend.failed' && error.message === 'decode failed',
    )
  })
})

describe('the errors of llama-server', () => {
  it('become ours', () => {
    const code = (type: string, message = 'm'): string => fromErrorObject({ type, message }, 'f').code
    assert.equal(code('invalid_request_error'), 'request.invalid')
    assert.equal(code('not_supported_error'), 'backend.unsupported')
    assert.equal(code('server_error'), 'backend.failed')
    const error = { type: 'exceed_context_size_error', message: 'm', n_prompt_tokens: 7, n_ctx: 5 }
    assert.deepEqual(fromErrorObject(error, 'f').details, { promptTokens: 7, contextSize: 5 })
  })
  it('are told apart from what is no error object', () => {
    const tooLarge =
      'input (200 tokens) is too large to process. increase the physical batch size (current batch size: 512)'
    assert.equal(fromErrorObject({ type: 'server_error', message: tooLarge }, 'f').code, 'request.context-exceeded')
    assert.equal(toServerError(502, '<html>').message, 'llama-server answered 502')
    assert.equal(toServerError(500, '{"error":{"type":"server_error","message":"m"}}').message, 'm')
  })
})
