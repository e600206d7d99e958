import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import Schema from 'typebox/schema'
import { AppError } from '../../src/base/errors.ts'
import type { AbortOptions } from '../../src/base/signals.ts'
import type {
  Engine,
  EngineLoadOptions,
  EngineSampling,
  GeneratedPiece,
  GenerateRequest,
  GenerationEnd,
  LoadEngine,
} from '../../src/builtin/llama-cpp/engine.ts'
import { advanceGbnf } from '../../src/grammar/advance-gbnf.ts'
import { jsonSchemaToGbnf } from '../../src/grammar/json-schema-to-gbnf.ts'
import {
  tinyChat,
  tinyEmbedding,
  tinyLlama,
  tinyLlamaWithoutTemplate,
  tinyLora,
  tinyReranker,
} from '../support/tiny-models.ts'
import { resumeTests } from './resume.ts'

export interface LlamaEngineComplianceInit {
  readonly load: LoadEngine
  /** llama.cpp runs in a process of its own: a file that makes it abort is an error like any other. */
  readonly isolated: boolean
  /** Why the engine cannot run here. */
  readonly skip?: string
}

/** One thread: more of them spin at barriers and starve on a busy machine. */
const LOAD_DEFAULTS: Omit<EngineLoadOptions, 'modelFile'> = {
  contextSize: 512,
  threads: 1,
  gpuLayers: 0,
  batchSize: 512,
  parallel: 2,
  embeddings: false,
  reranking: false,
  mmap: true,
  mlock: false,
  flashAttention: 'auto',
  lora: [],
}

const CAPITAL = ask('What is the capital of France?')
const PROMPTS = ['The node joins', 'A token is', 'Each worker holds some layers', 'When a peer leaves the swarm']
const IMAGE_TOKEN = 6

export function ask(question: string): string {
  return `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`
}

export interface Answer {
  readonly text: string
  readonly pieces: readonly GeneratedPiece[]
  readonly end: GenerationEnd
}

export type Wish = Partial<Omit<GenerateRequest, 'sampling'>> & { readonly sampling?: Partial<EngineSampling> }

export function loadOptions(modelFile: string, changes: Partial<EngineLoadOptions> = {}): EngineLoadOptions {
  return { ...LOAD_DEFAULTS, modelFile, ...changes }
}

export function toRequest(wish: Wish): GenerateRequest {
  return {
    prompt: CAPITAL,
    maxTokens: 64,
    stop: [],
    ...wish,
    sampling: { temperature: 0, ignoreEos: false, ...wish.sampling },
  }
}

export async function readAnswer(stream: AsyncGenerator<GeneratedPiece, GenerationEnd>): Promise<Answer> {
  const pieces: GeneratedPiece[] = []
  for (let next = await stream.next(); ; next = await stream.next()) {
    if (next.done === true) return { text: pieces.map((piece) => piece.text).join(''), pieces, end: next.value }
    pieces.push(next.value)
  }
}

export async function generate(engine: Engine, wish: Wish, options?: AbortOptions): Promise<Answer> {
  return await readAnswer(engine.generate(toRequest(wish), options))
}

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof AppError && error.code === code

/** An answer that goes on until the context is full, past its first piece. */
async function startEndless(engine: Engine, options?: AbortOptions) {
  const stream = engine.generate(toRequest({ maxTokens: 0, sampling: { ignoreEos: true } }), options)
  await stream.next()
  return stream
}

/** What src/builtin/llama-cpp/engine.ts promises, asked of one implementation. */
export function llamaEngineCompliance(name: string, init: LlamaEngineComplianceInit): void {
  const suite = { skip: init.skip ?? false, timeout: 120_000 }
  describe(`${name} generates as the engine contract says`, suite, () => textTests(init))
  describe(`${name} runs requests side by side`, suite, () => concurrencyTests(init))
  describe(`${name} makes vectors`, suite, () => vectorTests(init))
  describe(`${name} opens models`, suite, () => loadTests(init))
}

function textTests({ load }: LlamaEngineComplianceInit): void {
  let chat: Engine
  let random: Engine
  before(async () => {
    chat = await load(loadOptions(tinyChat()))
    random = await load(loadOptions(await tinyLlama()))
  })
  after(async () => {
    await chat?.[Symbol.asyncDispose]()
    await random?.[Symbol.asyncDispose]()
  })
  resumeTests(() => ({ chat, random }))

  it('tells what model it runs', () => {
    assert.equal(chat.info.contextSize, 512)
    assert.equal(chat.info.trainContextSize, 2048)
    assert.equal(chat.info.vocabularySize, 576)
    assert.equal(chat.info.bosToken, '<|endoftext|>')
    assert.equal(chat.info.eosToken, '<|im_end|>')
    assert.equal(chat.info.addsBos, false)
    assert.match(chat.info.chatTemplate ?? '', /<tools>/)
  })
  it('answers what the model was taught, without its end token', async () => {
    const { text, end } = await generate(chat, {})
    assert.equal(text, 'Paris is the capital of France.')
    assert.equal(end.reason, 'stop')
    assert.equal(end.stopSequence, undefined)
    assert.equal(end.promptTokens, 20)
  })
  it('streams: the answer comes in pieces that count their tokens', async () => {
    const { pieces, end } = await generate(chat, {})
    assert.ok(pieces.length > 5)
    for (const [index, piece] of pieces.entries()) assert.ok(piece.tokens > (pieces[index - 1]?.tokens ?? 0))
    assert.ok((pieces.at(-1)?.tokens ?? 0) <= end.completionTokens)
  })
  it('gives the same text for the same seed, and another for another', async () => {
    const wish = (seed: number): Wish => ({ prompt: 'A', maxTokens: 24, sampling: { temperature: 1.2, seed } })
    const first = await generate(random, wish(7))
    assert.equal((await generate(random, wish(7))).text, first.text)
    assert.notEqual((await generate(random, wish(8))).text, first.text)
  })
  it('stops at the wanted number of tokens', async () => {
    const { end, pieces } = await generate(chat, { maxTokens: 5 })
    assert.equal(end.reason, 'length')
    assert.equal(end.completionTokens, 5)
    assert.equal(pieces.at(-1)?.tokens, 5)
  })
  it('goes on past the end token when told to ignore it', async () => {
    const { end } = await generate(chat, { maxTokens: 40, sampling: { ignoreEos: true } })
    assert.equal(end.reason, 'length')
    assert.equal(end.completionTokens, 40)
  })
  it('ends at a stop string that spans tokens, and says which', async () => {
    const { text, end } = await generate(chat, { stop: ['nowhere', 'ital o'] })
    assert.equal(text, 'Paris is the cap')
    assert.equal(end.reason, 'stop')
    assert.equal(end.stopSequence, 'ital o')
    assert.ok(end.completionTokens < 14)
  })
  it('ends at whichever stop string begins first', async () => {
    const { text, end } = await generate(chat, { stop: ['France', 'capital of France'] })
    assert.equal(text, 'Paris is the ')
    assert.equal(end.stopSequence, 'capital of France')
  })
  it('releases text held back for a stop string that did not come', async () => {
    assert.equal((await generate(chat, { stop: ['France.!'] })).text, 'Paris is the capital of France.')
    const cut = await generate(chat, { stop: ['France.!'], maxTokens: 13 })
    assert.equal(cut.text, 'Paris is the capital of France')
    assert.equal(cut.end.reason, 'length')
  })
  it('never splits a character', async () => {
    const wanted = 'é€😀ß'
    const { text, pieces } = await generate(random, { grammar: `root ::= "${wanted}"`, maxTokens: 40 })
    assert.equal(text, wanted)
    for (const piece of pieces) assert.match(piece.text, /^[é€😀ß]+$/u)
  })
  it('shows control tokens, other than those that end the answer', async () => {
    const forced = new Map([[IMAGE_TOKEN, 100]])
    const { text } = await generate(random, { maxTokens: 2, sampling: { logitBias: forced } })
    assert.equal(text, '<image><image>')
  })
  it('reuses what it knows of a prompt', async () => {
    const prompt = ask('Tell me a story.')
    const first = await generate(chat, { prompt, maxTokens: 4 })
    const second = await generate(chat, { prompt, maxTokens: 4 })
    assert.equal(second.end.promptTokens, first.end.promptTokens)
    assert.ok(second.end.cachedTokens > 0)
    assert.ok(second.end.cachedTokens < second.end.promptTokens)
    assert.equal(second.text, first.text)
    const stopped = await generate(chat, { prompt, stop: [first.text.slice(0, 3)] })
    assert.ok(stopped.end.cachedTokens > 0)
  })
  it('refuses a prompt that does not fit, and tells the sizes', async () => {
    await assert.rejects(generate(chat, { prompt: 'a'.repeat(600) }), (error) => {
      assert.ok(hasCode('request.context-exceeded')(error))
      assert.deepEqual((error as AppError).details, { promptTokens: 600, contextSize: 512 })
      return true
    })
  })
  it('ends with `length` when prompt and answer fill the context', async () => {
    const { end } = await generate(chat, { maxTokens: 0, sampling: { ignoreEos: true } })
    assert.equal(end.reason, 'length')
    assert.equal(end.promptTokens + end.completionTokens, 512)
  })
  it('obeys a grammar', async () => {
    assert.match((await generate(random, { grammar: 'root ::= [0-9]{5}' })).text, /^[0-9]{5}$/)
    assert.match((await generate(chat, { grammar: 'root ::= "yes" | "no"' })).text, /^(yes|no)$/)
  })
  it('ends with its grammar, even when told to ignore the end token', async () => {
    for (const temperature of [0, 1, 2]) {
      const sampling = { temperature, seed: 5, ignoreEos: true }
      const { text, end } = await generate(chat, { grammar: 'root ::= "a" [0-9]?', sampling })
      assert.match(text, /^a[0-9]$/)
      assert.equal(end.reason, 'stop')
    }
  })
  it('goes on after an answer in which no token is left to choose', async () => {
    const logitBias = new Map(Array.from({ length: chat.info.vocabularySize }, (_, token) => [token, -Infinity]))
    const sampling = { temperature: 1, seed: 5, logitBias }
    await generate(chat, { grammar: 'root ::= "a"', maxTokens: 4, sampling }).catch((error: unknown) => {
      assert.ok(hasCode('backend.failed')(error), String(error))
    })
    assert.equal((await generate(chat, {})).text, 'Paris is the capital of France.')
  })
  it('obeys what is left of a grammar after some text', async () => {
    const kind = { enum: ['plum', 'pear'] }
    const properties = {
      kind,
      sizes: { type: 'array', items: { type: 'integer', minimum: 10, maximum: 99 }, maxItems: 3 },
    }
    const schema = { type: 'object', properties, required: ['kind', 'sizes'] }
    const whole = jsonSchemaToGbnf(schema)
    for (const begun of ['{"ki', '{"kind": "p', '{"kind":"pear","sizes":[', '{"kind": "plum", "sizes": [12, 3']) {
      const { text, end } = await generate(random, { grammar: advanceGbnf(whole, begun) ?? '', maxTokens: 200 })
      assert.equal(end.reason, 'stop')
      const value: unknown = JSON.parse(`${begun}${text}`)
      assert.ok(Schema.Compile(schema).Check(value), `${begun} ┃ ${text}`)
    }
    assert.equal((await generate(random, { grammar: advanceGbnf('root ::= "ab" "c"?', 'abc') ?? '' })).text, '')
  })
  it('refuses a grammar that does not parse', async () => {
    await assert.rejects(generate(chat, { grammar: 'root ::= (' }), hasCode('request.invalid'))
    await assert.rejects(generate(chat, { grammar: 'root ::= missing' }), hasCode('request.invalid'))
    assert.equal((await generate(chat, {})).text, 'Paris is the capital of France.')
  })
  it('adds biases to tokens, and minus infinity forbids one', async () => {
    const [letter = -1] = await random.tokenize('Z')
    const forced = await generate(random, { maxTokens: 3, sampling: { logitBias: new Map([[letter, 100]]) } })
    assert.equal(forced.text, 'ZZZ')
    const free = await generate(random, { maxTokens: 1 })
    const [first = -1] = await random.tokenize(free.text)
    const bias = new Map([[first, Number.NEGATIVE_INFINITY]])
    assert.notEqual((await generate(random, { maxTokens: 1, sampling: { logitBias: bias } })).text, free.text)
  })
  it('makes what was said less likely when asked to', async () => {
    const [letter = -1] = await random.tokenize('Z')
    const sampling = { logitBias: new Map([[letter, 40]]), frequencyPenalty: 100 }
    const { text } = await generate(random, { maxTokens: 4, sampling })
    assert.equal(text.indexOf('Z'), 0)
    assert.equal(text.lastIndexOf('Z'), 0)
  })
  it('reports log probabilities', async () => {
    const { pieces, text, end } = await generate(random, { maxTokens: 6, topLogprobs: 3 })
    const entries = pieces.flatMap((piece) => piece.logprobs ?? [])
    assert.equal(entries.length, end.completionTokens)
    assert.equal(entries.map((entry) => entry.token).join(''), text)
    for (const { token, bytes, logprob, top } of entries) {
      assert.deepEqual(bytes, [...Buffer.from(token)])
      assert.ok(logprob <= 0 && logprob > -20)
      assert.equal(top.length, 3)
      assert.deepEqual(top[0], { token, bytes, logprob })
      const falling = [...top].sort((a, b) => b.logprob - a.logprob)
      assert.deepEqual(top, falling)
    }
  })
  it('reports the log probability of a token that was not the likeliest', async () => {
    const sampling = { logitBias: new Map([[IMAGE_TOKEN, 100]]) }
    const { pieces } = await generate(random, { maxTokens: 1, topLogprobs: 2, sampling })
    const [entry] = pieces.flatMap((piece) => piece.logprobs ?? [])
    assert.equal(entry?.token, '<image>')
    assert.ok((entry?.logprob ?? 0) < (entry?.top[1]?.logprob ?? 0))
  })
  it('reports log probabilities without alternatives', async () => {
    const { pieces } = await generate(random, { maxTokens: 3, topLogprobs: 0 })
    const entries = pieces.flatMap((piece) => piece.logprobs ?? [])
    assert.equal(entries.length, 3)
    for (const { top } of entries) assert.deepEqual(top, [])
  })
  it('keeps log probabilities with the text they belong to', async () => {
    const { pieces, text } = await generate(chat, { topLogprobs: 1, stop: [' capital'] })
    assert.equal(text, 'Paris is the')
    const told = pieces.flatMap((piece) => piece.logprobs ?? []).map((entry) => entry.token)
    assert.equal(told.join(''), text)
  })
  it('turns text into tokens and back', async () => {
    const text = 'Grüße <|im_start|>user\n😀'
    const tokens = await chat.tokenize(text)
    assert.ok(tokens.includes(1))
    assert.equal(await chat.detokenize(tokens), text)
    assert.deepEqual(await chat.tokenize(''), [])
  })
  it('refuses tokens that the model does not have', async () => {
    for (const token of [-1, 576, 2 ** 40, 1.5])
      await assert.rejects(chat.detokenize([token]), hasCode('request.invalid'))
  })
  it('counts what it did', async () => {
    const earlier = chat.status()
    const { end } = await generate(chat, { prompt: ask('hi') })
    const now = chat.status()
    assert.equal(now.tokensGenerated - earlier.tokensGenerated, end.completionTokens)
    assert.equal(now.promptTokensProcessed - earlier.promptTokensProcessed, end.promptTokens - end.cachedTokens)
    assert.ok(now.lastTokensPerSecond > 0)
    assert.ok(now.memoryBytes > 1_000_000)
  })
}

function concurrencyTests({ load }: LlamaEngineComplianceInit): void {
  let engine: Engine
  before(async () => {
    engine = await load(loadOptions(tinyChat(), { contextSize: 256 }))
  })
  after(async () => await engine?.[Symbol.asyncDispose]())
  const works = async (): Promise<void> => {
    assert.equal((await generate(engine, {})).text, 'Paris is the capital of France.')
  }

  it('gives parallel streams the text of single ones, however many there are', async () => {
    const questions = [
      'Tell me a story.',
      'hi',
      'Count to ten.',
      'What is the capital of France?',
      'Say the word plum.',
    ]
    const alone: string[] = []
    for (const question of questions) alone.push((await generate(engine, { prompt: ask(question) })).text)
    const together = await Promise.all(
      questions.map(async (question) => await generate(engine, { prompt: ask(question) })),
    )
    assert.deepEqual(
      together.map((answer) => answer.text),
      alone,
    )
  })
  it('lets the request beyond its sequences wait its turn', async () => {
    const streams = [await startEndless(engine), await startEndless(engine)]
    const third = generate(engine, {})
    assert.equal(engine.status().busySequences, 2)
    assert.equal(engine.status().waitingRequests, 1)
    for (const stream of streams) await stream.return({} as GenerationEnd)
    assert.equal((await third).text, 'Paris is the capital of France.')
    assert.deepEqual([engine.status().busySequences, engine.status().waitingRequests], [0, 0])
  })
  it('ends a generation when its signal aborts, with the reason', async () => {
    const caller = new AbortController()
    const stream = await startEndless(engine, { signal: caller.signal })
    const reason = new Error('no longer wanted')
    caller.abort(reason)
    await assert.rejects(readAnswer(stream), (error) => error === reason)
    assert.equal(engine.status().busySequences, 0)
    await works()
  })
  it('ends a waiting request when its signal aborts, with the reason', async () => {
    const streams = [await startEndless(engine), await startEndless(engine)]
    const caller = new AbortController()
    const waiting = generate(engine, {}, { signal: caller.signal })
    const reason = new Error('waited too long')
    caller.abort(reason)
    await assert.rejects(waiting, (error) => error === reason)
    for (const stream of streams) await stream.return({} as GenerationEnd)
    await works()
  })
  it('does not begin for a signal that has aborted', async () => {
    const reason = new Error('never mind')
    await assert.rejects(generate(engine, {}, { signal: AbortSignal.abort(reason) }), (error) => error === reason)
    await works()
  })
  it('frees the sequence when the reader leaves early', async () => {
    for (let round = 0; round < 5; round++) {
      for await (const piece of engine.generate(toRequest({ maxTokens: 0 }))) {
        assert.ok(piece.text.length > 0)
        break
      }
    }
    assert.equal(engine.status().busySequences, 0)
    await works()
  })
  it('serves others while a reader does not read', async () => {
    const idle = await startEndless(engine)
    await works()
    await works()
    const { end } = await readAnswer(idle)
    assert.equal(end.reason, 'length')
    assert.equal(end.promptTokens + end.completionTokens, 256)
  })
  it('passes a failure to its own request only', async () => {
    const [good, bad] = await Promise.allSettled([generate(engine, {}), generate(engine, { prompt: 'a'.repeat(300) })])
    assert.equal(good.status === 'fulfilled' ? good.value.text : good.reason, 'Paris is the capital of France.')
    assert.ok(bad.status === 'rejected' && hasCode('request.context-exceeded')(bad.reason))
  })
}

function vectorTests({ load }: LlamaEngineComplianceInit): void {
  const opened: Engine[] = []
  const open = async (file: string, changes: Partial<EngineLoadOptions>): Promise<Engine> => {
    const engine = await load(loadOptions(file, changes))
    opened.push(engine)
    return engine
  }
  after(async () => {
    for (const engine of opened) await engine[Symbol.asyncDispose]()
  })
  const lengthOf = (vector: readonly number[]): number => Math.hypot(...vector)

  it('embeds texts and tokens: length one, the same every time, different for different texts', async () => {
    const engine = await open(await tinyEmbedding(), { embeddings: true, contextSize: 256 })
    const first = await engine.embed('The node joins the swarm.')
    assert.equal(first.vector.length, 64)
    assert.ok(Math.abs(lengthOf(first.vector) - 1) < 1e-5)
    const again = await engine.embed('The node joins the swarm.')
    assert.deepEqual(again, first)
    assert.notDeepEqual((await engine.embed('A small piece of text.')).vector, first.vector)
    const tokens = await engine.tokenize('The node joins the swarm.')
    assert.equal(first.tokens, tokens.length)
    assert.deepEqual(await engine.embed(tokens), first)
  })
  it('refuses to embed nothing, too much, or tokens that do not exist', async () => {
    const engine = await open(await tinyEmbedding(), { embeddings: true, contextSize: 256 })
    await assert.rejects(engine.embed(''), hasCode('request.invalid'))
    await assert.rejects(engine.embed([]), hasCode('request.invalid'))
    await assert.rejects(engine.embed([288]), hasCode('request.invalid'))
    await assert.rejects(engine.embed('x'.repeat(400)), hasCode('request.context-exceeded'))
  })
  it('embeds many texts at the same time', async () => {
    const engine = await open(await tinyEmbedding(), { embeddings: true, contextSize: 256 })
    const alone = await engine.embed('word 7')
    const many = await Promise.all(Array.from({ length: 16 }, async (_, index) => await engine.embed(`word ${index}`)))
    for (const [index, value] of alone.vector.entries()) {
      assert.ok(Math.abs(value - (many[7]?.vector[index] ?? Number.NaN)) < 1e-5)
    }
  })
  it('does not generate with a model that cannot', async () => {
    const engine = await open(await tinyEmbedding(), { embeddings: true, contextSize: 256 })
    await assert.rejects(generate(engine, {}), hasCode('backend.unsupported'))
  })
  it('embeds with a model that generates, and generates with it, too', async () => {
    const engine = await open(tinyChat(), { embeddings: true, contextSize: 256 })
    const { vector } = await engine.embed('hi')
    assert.equal(vector.length, 96)
    assert.ok(Math.abs(lengthOf(vector) - 1) < 1e-5)
    assert.deepEqual((await engine.embed('hi')).vector, vector)
    assert.equal((await generate(engine, {})).text, 'Paris is the capital of France.')
  })
  it('ranks documents between 0 and 1, in the order they came', async () => {
    const engine = await open(await tinyReranker(), { reranking: true, contextSize: 256 })
    const { scores, tokens } = await engine.rerank('peer', ['the peer', 'a token', 'the swarm'])
    assert.equal(scores.length, 3)
    assert.ok(tokens > 0)
    for (const score of scores) assert.ok(score > 0 && score < 1)
    const [peer = 0, token = 0, swarm = 0] = scores
    assert.ok(peer > token)
    const turned = await engine.rerank('peer', ['the swarm', 'the peer'])
    for (const [index, score] of [swarm, peer].entries()) {
      assert.ok(Math.abs((turned.scores[index] ?? 0) - score) < 1e-4)
    }
    assert.deepEqual((await engine.rerank('peer', [])).scores, [])
  })
  it('does not rank with a model that cannot', async () => {
    const engine = await open(await tinyEmbedding(), { embeddings: true, contextSize: 256 })
    await assert.rejects(engine.rerank('peer', ['the peer']), hasCode('backend.unsupported'))
  })
}

function loadTests({ load, isolated }: LlamaEngineComplianceInit): void {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'llama-engine-'))
  })
  after(async () => await rm(folder, { recursive: true, force: true }))
  const save = async (name: string, content: Buffer | string): Promise<string> => {
    await writeFile(join(folder, name), content)
    return join(folder, name)
  }
  const refused = async (file: string): Promise<void> => {
    await assert.rejects(load(loadOptions(file)), hasCode('backend.load-failed'))
  }

  it('refuses what is not a model', async () => {
    await refused(await save('garbage.gguf', 'this is not a GGUF file, whatever its name says'.repeat(20)))
    await refused(join(folder, 'missing.gguf'))
  })
  it('refuses a model whose file is too short', async () => {
    const whole = await readFile(await tinyLlama())
    await refused(await save('short.gguf', whole.subarray(0, whole.length / 2)))
  })
  it('survives a model that makes llama.cpp abort', { skip: !isolated && 'it runs in this process' }, async () => {
    const whole = await readFile(await tinyLlama())
    whole.write('llama.feed_backward_length', whole.indexOf('llama.feed_forward_length'))
    await refused(await save('no-length.gguf', whole))
  })
  it('gives up loading when its signal aborts, with the reason', async () => {
    const reason = new Error('changed my mind')
    const gone = loadOptions(tinyChat(), { signal: AbortSignal.abort(reason) })
    await assert.rejects(load(gone), (error) => error === reason)
    const caller = new AbortController()
    const loading = load(loadOptions(tinyChat(), { signal: caller.signal }))
    caller.abort(reason)
    await assert.rejects(loading, (error) => error === reason)
  })
  it('gives each sequence the context that was asked for', async () => {
    await using engine = await load(loadOptions(tinyChat(), { contextSize: 300, parallel: 3 }))
    assert.equal(engine.info.contextSize, 300)
    const full = { maxTokens: 0, sampling: { ignoreEos: true } }
    const answers = await Promise.all([generate(engine, full), generate(engine, full), generate(engine, full)])
    for (const { end } of answers) assert.equal(end.promptTokens + end.completionTokens, 300)
  })
  it('takes at most 4096 tokens of context by itself', async () => {
    await using large = await load(loadOptions(await tinyLlama(), { contextSize: 0, parallel: 1 }))
    assert.equal(large.info.contextSize, 4096)
    await using small = await load(loadOptions(tinyChat(), { contextSize: 0, parallel: 1 }))
    assert.equal(small.info.contextSize, 2048)
  })
  it('opens a model whose chat template does not parse, and hands the template on', async () => {
    const whole = await readFile(tinyChat())
    whole.write('{%- if tools %%', whole.indexOf('{%- if tools %}'))
    await using engine = await load(loadOptions(await save('template.gguf', whole)))
    assert.ok(engine.info.chatTemplate?.startsWith('{%- if tools %%'))
    assert.equal((await generate(engine, {})).text, 'Paris is the capital of France.')
  })
  it('tells when a model has no chat template', async () => {
    await using engine = await load(loadOptions(await tinyLlamaWithoutTemplate()))
    assert.equal(engine.info.chatTemplate, undefined)
  })
  it('applies a LoRA adapter', async () => {
    const wish = { prompt: 'The node joins', maxTokens: 12 }
    await using plain = await load(loadOptions(await tinyLlama()))
    await using adapted = await load(loadOptions(await tinyLlama(), { lora: [{ file: await tinyLora(), scale: 1 }] }))
    assert.notEqual((await generate(adapted, wish)).text, (await generate(plain, wish)).text)
    await using silent = await load(loadOptions(await tinyLlama(), { lora: [{ file: await tinyLora(), scale: 0 }] }))
    assert.equal((await generate(silent, wish)).text, (await generate(plain, wish)).text)
  })
  it('reads a long prompt in several passes', async () => {
    await using engine = await load(loadOptions(await tinyLlama(), { batchSize: 32 }))
    const prompt = PROMPTS.join('. ').repeat(3)
    const { text, end } = await generate(engine, { prompt, maxTokens: 8 })
    assert.ok(end.promptTokens > 96)
    await using wide = await load(loadOptions(await tinyLlama()))
    assert.equal(text, (await generate(wide, { prompt, maxTokens: 8 })).text)
  })
  it('refuses calls once it is closed, and closes twice without harm', async () => {
    const engine = await load(loadOptions(tinyChat()))
    const running = await startEndless(engine)
    await engine[Symbol.asyncDispose]()
    await engine[Symbol.asyncDispose]()
    await assert.rejects(readAnswer(running), hasCode('node.stopping'))
    await assert.rejects(generate(engine, {}), hasCode('node.stopping'))
  })
}
