import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import type { CompletionEvent } from '../../../src/builtin/llama-cpp/llama-server/completion-answer.ts'
import { createCutCharacters, splitInto } from '../../../src/builtin/llama-cpp/llama-server/cut-characters.ts'
import { endsInsideCharacter } from '../../../src/builtin/llama-cpp/llama-server/token-pieces.ts'
import { seedBehind, toResume } from '../../../src/builtin/llama-cpp/resume-request.ts'
import { fromOpenAiLogprob, toOpenAiLogprob } from '../../../src/builtin/llama-cpp/token-logprob.ts'

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof AppError && error.code === code
const bytes = (...values: number[]): Buffer => Buffer.from(values)

describe('the tokens of a resumed answer', () => {
  const MODEL = { contextSize: 3, vocabularySize: 100 }
  const token = (id: number, logprobs = '') => ({ id, logprobs: Buffer.from(logprobs) })
  const ENTRY = { token: 'a', bytes: [97], logprob: -0.25, top: [{ token: 'b', bytes: [98], logprob: -2 }] }

  it('are read with their log probabilities where those are wanted', () => {
    const json = JSON.stringify(toOpenAiLogprob(ENTRY))
    assert.deepEqual(toResume([token(1, json), token(2)], MODEL, { logprobs: true }), [
      { id: 1, logprob: ENTRY },
      { id: 2 },
    ])
    assert.deepEqual(toResume([token(1, json)], MODEL, { logprobs: false }), [{ id: 1 }])
  })
  it('are no more than the context holds, and tokens of the model', () => {
    const read = (...ids: number[]) =>
      toResume(
        ids.map((id) => token(id)),
        MODEL,
        { logprobs: false },
      )
    assert.equal(read(0, 99, 5).length, 3)
    assert.throws(() => read(1, 2, 3, 4), hasCode('request.invalid'))
    assert.throws(() => read(100), hasCode('request.invalid'))
    assert.throws(() => read(-2), hasCode('request.invalid'))
    assert.throws(() => read(-1), hasCode('request.unsupported'))
  })
  it('bring no log probability that is malformed or too much', () => {
    const entry = (changes: object): Buffer => Buffer.from(JSON.stringify({ ...toOpenAiLogprob(ENTRY), ...changes }))
    assert.equal(fromOpenAiLogprob(entry({})).token, 'a')
    const bad = [
      { token: 5 },
      { logprob: '0' },
      { bytes: [256] },
      { bytes: null },
      { top_logprobs: 1 },
      { top_logprobs: [{ token: 'x' }] },
      { top_logprobs: Array.from({ length: 101 }, () => ({ token: 'x', bytes: [], logprob: 0 })) },
      { token: 'x'.repeat(200_000) },
    ]
    for (const changes of bad) assert.throws(() => fromOpenAiLogprob(entry(changes)), hasCode('request.invalid'))
    assert.throws(() => fromOpenAiLogprob(Buffer.from('[')), hasCode('request.invalid'))
  })
  it('move the seed, each number of them to another', () => {
    assert.equal(seedBehind(7, 0), 7)
    const seeds = Array.from({ length: 5000 }, (_, resumed) => seedBehind(0xffff_fff0, resumed))
    assert.equal(new Set(seeds).size, 5000)
    for (const seed of seeds) assert.ok(Number.isInteger(seed) && seed >= 0 && seed <= 0xffff_ffff)
  })
})

describe('characters that are cut across tokens', () => {
  it('are told from whole ones', () => {
    assert.equal(endsInsideCharacter(Buffer.from('é€😀')), false)
    assert.equal(endsInsideCharacter(bytes()), false)
    for (const cut of [bytes(0xc3), bytes(0x61, 0xe2, 0x82), bytes(0xf0), bytes(0xf0, 0x9f, 0x98)]) {
      assert.equal(endsInsideCharacter(cut), true)
    }
    assert.equal(endsInsideCharacter(bytes(0x82, 0xac)), false)
    assert.equal(endsInsideCharacter(bytes(0xc3, 0x61)), false)
  })
  it('are split into as many tokens as there were, the longest first', () => {
    const ids = new Map([
      ['a', 1],
      ['b', 2],
      ['ab', 3],
      ['bc', 4],
      ['c', 5],
    ])
    assert.deepEqual(splitInto('abc', 3, ids), [1, 2, 5])
    assert.deepEqual(splitInto('abc', 2, ids), [3, 5])
    assert.deepEqual(splitInto('abc', 1, ids), undefined)
    assert.deepEqual(splitInto('bc', 1, ids), [4])
    assert.deepEqual(splitInto('', 0, ids), [])
  })

  /** The bytes of each token; 1, 2 and 3 make a euro sign. */
  const VOCABULARY = [Buffer.from('a'), bytes(0xe2), bytes(0x82), bytes(0xac)]
  function server() {
    const asked: number[] = []
    const call = async (_path: string, body: unknown): Promise<unknown> => {
      const { content } = body as { readonly content: readonly number[] }
      asked.push(content.length)
      return { tokens: content.map((id) => ({ id, piece: id === 0 ? 'a' : [...(VOCABULARY[id] ?? [])] })) }
    }
    return { asked, call }
  }
  const event = (content: string, last: number): CompletionEvent => ({
    content,
    tokens: [last],
    stop: false,
    tokens_predicted: 3,
    tokens_evaluated: 1,
  })

  it('have the ids of their tokens found in a vocabulary that is read once', async () => {
    const { asked, call } = server()
    const characters = createCutCharacters(call, { vocabularySize: 4 })
    assert.deepEqual(await characters.tokensBefore(event('€', 3), 2), [1, 2])
    assert.deepEqual(await characters.tokensBefore(event('€', 3), 2), [1, 2])
    assert.deepEqual(asked, [1, 4, 1])
  })
  it('are unknown where their bytes are', async () => {
    const characters = createCutCharacters(server().call, { vocabularySize: 4 })
    assert.deepEqual(await characters.tokensBefore(event('\uFFFDa', 0), 1), [-1])
    assert.deepEqual(await characters.tokensBefore(event('b€', 3), 2), [-1, -1])
  })
})
