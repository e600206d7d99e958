import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Engine, EngineLoadOptions } from '../../src/builtin/llama-cpp/engine.ts'
import { createLlamaServerLoader } from '../../src/builtin/llama-cpp/llama-server/load-llama-server.ts'
import { loadNodeLlamaCpp } from '../../src/builtin/llama-cpp/node-llama-cpp/load-node-llama-cpp.ts'
import { llamaServerForTests } from '../support/llama-server.ts'
import { tinyChat, tinyEmbedding, tinyLlama, tinyReranker } from '../support/tiny-models.ts'
import { ask, generate, loadOptions, type Wish } from './llama-engine.ts'

const found = await llamaServerForTests()
const skip = 'missing' in found && found.missing

/** The same model in both engines; both are closed at the end. */
function inBothEngines(modelFile: () => string | Promise<string>, changes: Partial<EngineLoadOptions> = {}) {
  const engines: Engine[] = []
  before(async () => {
    const options = loadOptions(await modelFile(), changes)
    engines.push(await loadNodeLlamaCpp(options))
    engines.push(await createLlamaServerLoader({ binary: 'binary' in found ? found.binary : '' })(options))
  })
  after(async () => {
    for (const engine of engines) await engine[Symbol.asyncDispose]()
  })
  return async function both<T>(ask: (engine: Engine) => Promise<T>): Promise<readonly [T, T]> {
    const [first, second] = engines as [Engine, Engine]
    return [await ask(first), await ask(second)]
  }
}

async function sameAnswers(both: ReturnType<typeof inBothEngines>, wishes: readonly Wish[]): Promise<void> {
  for (const wish of wishes) {
    const [first, second] = await both(async (engine) => {
      const { text, end } = await generate(engine, wish)
      const { reason, stopSequence, promptTokens, completionTokens } = end
      return { text, reason, stopSequence, promptTokens, completionTokens }
    })
    assert.deepEqual(first, second, `for ${JSON.stringify(wish)}`)
    assert.ok(first.completionTokens > 0)
  }
}

describe('both engines say the same: a chat model', { skip, timeout: 120_000 }, () => {
  const both = inBothEngines(tinyChat)
  it('to questions it was taught and to others', async () => {
    const questions = [
      'What is the capital of France?',
      'hi',
      'Tell me a story.',
      'Say the word plum.',
      'Why?',
      'Ünïcode 😀?',
    ]
    await sameAnswers(
      both,
      questions.map((question) => ({ prompt: ask(question), maxTokens: 96 })),
    )
  })
  it('with stop strings, limits, grammars and biases', async () => {
    await sameAnswers(both, [
      { stop: ['of', 'capital'] },
      { stop: ['.'], prompt: ask('Tell me a story.') },
      { maxTokens: 7 },
      { maxTokens: 9, stop: ['is the capital city'] },
      { grammar: 'root ::= "a" [a-z]{1,6} "."' },
      { maxTokens: 20, sampling: { ignoreEos: true } },
      { sampling: { logitBias: new Map([[88, Number.NEGATIVE_INFINITY]]) } },
      { maxTokens: 12, sampling: { logitBias: new Map([[1, 12]]) } },
      { maxTokens: 24, sampling: { repeatPenalty: 1.5, frequencyPenalty: 0.5, presencePenalty: 0.5 } },
      { prompt: '', maxTokens: 8 },
      { prompt: '<|endoftext|>The', maxTokens: 8 },
    ])
  })
  it('in the same pieces, and each goes on where the other was', async () => {
    const wish: Wish = { prompt: ask('Tell me a story. 😀'), reportTokens: true, maxTokens: 40, stop: ['nowhere'] }
    const [first, second] = await both(async (engine) => (await generate(engine, wish)).pieces)
    assert.deepEqual(first, second)
    const resume = first.slice(0, Math.floor(first.length / 2)).flatMap((piece) => piece.generated ?? [])
    assert.ok(resume.length > 1)
    const [third, fourth] = await both(async (engine) => (await generate(engine, { ...wish, resume })).pieces)
    assert.deepEqual(third, first)
    assert.deepEqual(fourth, first)
  })
  it('about itself, and about what tokens are', async () => {
    const [first, second] = await both(async (engine) => engine.info)
    assert.deepEqual(first, second)
    for (const text of ['', ' ', 'a  b', '<|im_end|>x', 'naïve 😀\n\n']) {
      const [tokens, others] = await both(async (engine) => await engine.tokenize(text))
      assert.deepEqual(tokens, others)
      assert.deepEqual(...(await both(async (engine) => await engine.detokenize(tokens))))
    }
  })
  it('about how likely each token was', async () => {
    const [first, second] = await both(async (engine) => {
      const { pieces } = await generate(engine, { maxTokens: 8, topLogprobs: 4 })
      return pieces.flatMap((piece) => piece.logprobs ?? [])
    })
    assert.equal(first.length, 8)
    for (const [index, { token, bytes, logprob, top }] of first.entries()) {
      const other = second[index]
      assert.deepEqual([token, bytes], [other?.token, other?.bytes])
      assert.ok(Math.abs(logprob - (other?.logprob ?? Number.NaN)) < 1e-3)
      assert.deepEqual(
        top.map((alternative) => alternative.token),
        other?.top.map((alternative) => alternative.token),
      )
    }
  })
})

describe('both engines say the same: random weights', { skip, timeout: 120_000 }, () => {
  const both = inBothEngines(async () => await tinyLlama())
  it('to any prompt', async () => {
    const prompts = ['The node joins', 'A', 'Each worker holds some layers of the model and sends', '{"a":', '日本語']
    await sameAnswers(
      both,
      prompts.map((prompt) => ({ prompt, maxTokens: 64 })),
    )
  })
})

describe('both engines say the same: other random weights', { skip, timeout: 120_000 }, () => {
  const both = inBothEngines(async () => await tinyLlama(2))
  it('to any prompt', async () => {
    await sameAnswers(both, [
      { prompt: 'When a peer leaves', maxTokens: 64 },
      { prompt: 'x', maxTokens: 64 },
    ])
  })
})

describe('both engines say the same: an embedding model', { skip, timeout: 120_000 }, () => {
  const both = inBothEngines(tinyEmbedding, { embeddings: true, contextSize: 256 })
  it('about every text', async () => {
    for (const text of ['The node joins the swarm.', 'x', 'a <|im_start|> b']) {
      const [first, second] = await both(async (engine) => await engine.embed(text))
      assert.equal(first.tokens, second.tokens)
      for (const [index, value] of first.vector.entries()) {
        assert.ok(Math.abs(value - (second.vector[index] ?? Number.NaN)) < 1e-4)
      }
    }
  })
})

describe('both engines say the same: a generating model that embeds', { skip, timeout: 120_000 }, () => {
  const both = inBothEngines(tinyChat, { embeddings: true, contextSize: 256 })
  it('about every text', async () => {
    const [first, second] = await both(async (engine) => await engine.embed('The node joins the swarm.'))
    assert.equal(first.tokens, second.tokens)
    for (const [index, value] of first.vector.entries()) {
      assert.ok(Math.abs(value - (second.vector[index] ?? Number.NaN)) < 1e-3)
    }
  })
})

describe('both engines say the same: a reranker', { skip, timeout: 120_000 }, () => {
  const both = inBothEngines(tinyReranker, { reranking: true, contextSize: 256 })
  it('about the order of documents', async () => {
    const documents = ['the peer', 'a token is a small piece of text', 'the swarm', 'x', 'another peer']
    const orders = await both(async (engine) => {
      const { scores } = await engine.rerank('which peer?', documents)
      return documents.map((_, index) => index).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
    })
    assert.deepEqual(...orders)
  })
})
