import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import type { ByteSource } from '../../../src/models/gguf/byte-window.ts'
import { parseGgufHeader } from '../../../src/models/gguf/read-gguf.ts'
import { inspectGguf, validateGguf } from '../../../src/models/gguf/validate-gguf.ts'
import { tinyChat, tinyEmbedding, tinyLlama, tinyLora, tinyReranker } from '../../support/tiny-models.ts'
import { bufferSource, type GgufPlan, ggufBytes, llamaPlan, text, u32, u64 } from './gguf-bytes.ts'

const inspect = (plan: GgufPlan) => inspectGguf(bufferSource(ggufBytes(plan)))
const refused = (reason: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError, String(error))
  assert.equal(error.code, 'model.file-invalid')
  assert.match(error.message, reason)
  return true
}

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'local-ai-gguf-'))
})
after(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('a sound GGUF file', () => {
  it('is summarised: the shipped chat model', async () => {
    const { chatTemplate, ...summary } = await validateGguf(tinyChat())
    assert.match(chatTemplate ?? '', /im_start/)
    assert.deepEqual(summary, {
      kind: 'model',
      architecture: 'llama',
      name: 'tiny-chat',
      quantization: 'Q8_0',
      contextLength: 2048,
      blockCount: 4,
      embeddingLength: 96,
      headCount: 4,
      keyValueHeadCount: 2,
      vocabularySize: 576,
      parameterCount: 516_960,
      tensorCount: 39,
      sizeBytes: 569_920,
      blockBytes: [108_480, 108_480, 108_480, 108_480],
      sharedBytes: 117_888,
    })
  })

  it('says what an embedding model and a reranker are for', async () => {
    assert.equal((await validateGguf(await tinyEmbedding())).pooling, 'mean')
    assert.equal((await validateGguf(await tinyReranker())).pooling, 'rank')
    assert.equal((await validateGguf(await tinyLlama())).pooling, undefined)
  })

  it('may be an adapter, which will not do where a model is wanted', async () => {
    const file = await tinyLora()
    assert.equal((await validateGguf(file)).kind, 'adapter')
    await assert.rejects(
      validateGguf(file, { kind: 'model' }),
      refused(/it is a LoRA adapter, and a language model is needed/),
    )
  })

  it('may be a projector, which is no model either', async () => {
    const projector = await inspect({ metadata: { 'general.architecture': ['str', 'clip'] }, tensors: [] })
    assert.equal(projector.kind, 'projector')
  })

  it('may lack what its architecture does not have', async () => {
    const metadata = {
      'general.architecture': ['str', 'mamba'],
      'mamba.block_count': ['u32', 2],
      'mamba.context_length': ['u32', 1_048_576],
      'mamba.embedding_length': ['u32', 64],
      'tokenizer.ggml.model': ['str', 'llama'],
      'tokenizer.ggml.tokens': ['arr', 'str', ['a']],
    } as const
    const summary = await inspect({ metadata, tensors: llamaPlan().tensors })
    assert.deepEqual([summary.kind, summary.headCount], ['model', undefined])
  })

  it('may say its heads layer by layer', async () => {
    const summary = await inspect(llamaPlan({ 'llama.attention.head_count': ['arr', 'u32', [4, 8]] }))
    assert.equal(summary.blockCount, 2)
  })

  it('need not name its quantization', async () => {
    const summary = await inspect(llamaPlan({ 'general.file_type': undefined }))
    assert.equal(summary.quantization, 'F32')
  })

  it('may have its own alignment', async () => {
    const plan = { ...llamaPlan({ 'general.alignment': ['u32', 64] }), alignment: 64 }
    assert.equal((await parseGgufHeader(bufferSource(ggufBytes(plan)))).alignment, 64)
  })

  it('may carry a text that is too long to keep', async () => {
    const plan = llamaPlan({ 'tokenizer.huggingface.json': ['str', 'x'.repeat(1024 * 1024 + 1)] })
    const { metadata } = await parseGgufHeader(bufferSource(ggufBytes(plan)))
    assert.deepEqual(metadata.get('tokenizer.huggingface.json'), { textBytes: 1024 * 1024 + 1 })
  })

  it('is read through a window: a large vocabulary costs a read for each MiB', async () => {
    const tokens = Array.from({ length: 256 * 1024 }, (_, index) => `token-${index}`)
    const plan = llamaPlan({ 'tokenizer.ggml.tokens': ['arr', 'str', tokens], 'tokenizer.ggml.token_type': undefined })
    const bytes = ggufBytes(plan)
    const source = bufferSource(bytes)
    assert.equal((await inspectGguf(source)).vocabularySize, tokens.length)
    assert.ok(source.reads.count <= Math.ceil(bytes.length / (1024 * 1024)) + 1, `${source.reads.count} reads`)
  })

  it('is never read beyond its header', async () => {
    const plan = llamaPlan()
    const weights = { name: 'big', dimensions: [1024, 4096], type: 0, sizeBytes: 16 * 1024 * 1024 }
    const source = bufferSource(ggufBytes({ ...plan, tensors: [...plan.tensors, weights] }))
    await inspectGguf(source)
    assert.ok(source.reads.bytes <= 1024 * 1024, `${source.reads.bytes} bytes`)
  })
})

describe('a broken or hostile GGUF file is refused with the reason', () => {
  const withKey = (key: string, value: Buffer): GgufPlan => llamaPlan({ [key]: ['raw', value] })
  const withTensor = (tensor: Partial<GgufPlan['tensors'][number]>): GgufPlan => {
    const plan = llamaPlan()
    const added = { name: 'extra', dimensions: [32], type: 0, sizeBytes: 128, ...tensor }
    return { ...plan, tensors: [...plan.tensors, added] }
  }
  const cases: readonly (readonly [string, GgufPlan, RegExp])[] = [
    ['version 1', { ...llamaPlan(), version: 1 }, /GGUF version 1/],
    ['version 4', { ...llamaPlan(), version: 4 }, /GGUF version 4/],
    ['big endian', { ...llamaPlan(), version: 0x0300_0000 }, /big endian/],
    ['endless tensors', { ...llamaPlan(), claimedTensors: 2n ** 63n }, /claims .* tensors/],
    ['endless keys', { ...llamaPlan(), claimedKeys: 2n ** 40n }, /claims .* metadata keys/],
    ['an endless text', withKey('x', Buffer.concat([u32(8), u64(2n ** 62n)])), /cut off/],
    ['an endless list', withKey('x', Buffer.concat([u32(9), u32(4), u64(2n ** 60n)])), /claims to be a list/],
    ['a list longer than the file', withKey('x', Buffer.concat([u32(9), u32(12), u64(2 ** 23)])), /cut off/],
    ['texts longer than the file', withKey('x', Buffer.concat([u32(9), u32(8), u64(2 ** 23)])), /cut off|string of/],
    [
      'an endless text in a list',
      withKey('x', Buffer.concat([u32(9), u32(8), u64(1), u64(2n ** 63n)])),
      /string of .* bytes in a list/,
    ],
    ['a list of lists', withKey('x', Buffer.concat([u32(9), u32(9), u64(1)])), /list of lists/],
    ['an unknown value type', withKey('x', u32(13)), /unknown value type 13/],
    ['an unknown element type', withKey('x', Buffer.concat([u32(9), u32(99), u64(1)])), /unknown value type 99/],
    ['an empty key', llamaPlan({ '': ['u32', 1] }), /key of 0 bytes/],
    ['a long key', llamaPlan({ ['k'.repeat(2000)]: ['u32', 1] }), /key of 2000 bytes/],
    ['an odd alignment', llamaPlan({ 'general.alignment': ['u32', 33] }), /alignment/],
    ['no alignment', llamaPlan({ 'general.alignment': ['u32', 0] }), /alignment/],
    ['a long tensor name', withTensor({ name: 'n'.repeat(64) }), /tensor name of 64 bytes/],
    ['a repeated tensor', withTensor({ name: 'token_embd.weight' }), /"token_embd.weight" twice/],
    ['five dimensions', withTensor({ dimensions: [1, 1, 1, 1, 1] }), /5 dimensions/],
    ['an empty dimension', withTensor({ dimensions: [32, 0] }), /empty dimension/],
    ['an impossible size', withTensor({ dimensions: [2 ** 31, 2 ** 31, 2 ** 31] }), /impossible size/],
    ['a negative dimension', withTensor({ dimensions: [2n ** 64n - 1n] }), /impossible size/],
    ['a row that is no whole block', withTensor({ type: 8, dimensions: [33] }), /multiples of 32/],
    ['an unknown tensor format', withTensor({ type: 77 }), /unknown format 77/],
    ['a removed tensor format', withTensor({ type: 31 }), /Q4_0_4_4, which was removed/],
    ['an unaligned offset', withTensor({ offset: 24_865 }), /begin at 24865, which is not aligned/],
    ['an offset elsewhere', withTensor({ offset: 2n ** 40n }), /begin at .*, where \d+ was expected/],
    ['no architecture', llamaPlan({ 'general.architecture': undefined }), /"general.architecture" is missing/],
    ['no layers', llamaPlan({ 'llama.block_count': ['u32', 0] }), /"llama.block_count" is no positive/],
    ['too many layers', llamaPlan({ 'llama.block_count': ['u32', 513] }), /513 layers/],
    ['a text for a number', llamaPlan({ 'llama.context_length': ['str', 'long'] }), /"llama.context_length" is no/],
    ['heads that do not fit', llamaPlan({ 'llama.attention.head_count': ['u32', 7] }), /not divisible by its 7/],
    ['key/value heads that do not fit', llamaPlan({ 'llama.attention.head_count_kv': ['u32', 3] }), /its 3 key\/value/],
    ['no key/value heads', llamaPlan({ 'llama.attention.head_count_kv': ['u32', 0] }), /no positive whole number/],
    ['heads for other layers', llamaPlan({ 'llama.attention.head_count': ['arr', 'u32', [4]] }), /no list of 2/],
    ['an unknown rope', llamaPlan({ 'llama.rope.scaling.type': ['str', 'magic'] }), /"magic"/],
    ['experts out of nowhere', llamaPlan({ 'llama.expert_used_count': ['u32', 2] }), /2 of its 0 experts/],
    ['idle experts', llamaPlan({ 'llama.expert_count': ['u32', 8] }), /0 of its 8 experts/],
    ['an empty vocabulary', llamaPlan({ 'tokenizer.ggml.tokens': ['arr', 'str', []] }), /is empty/],
    ['a vocabulary of numbers', llamaPlan({ 'tokenizer.ggml.tokens': ['arr', 'u32', [1]] }), /no list of texts/],
    ['too few token types', llamaPlan({ 'tokenizer.ggml.token_type': ['arr', 'i32', [1]] }), /each of the 3 tokens/],
    ['no weights', { ...llamaPlan(), tensors: [] }, /vocabulary and no weights/],
  ]
  for (const [name, plan, reason] of cases) {
    it(name, async () => {
      await assert.rejects(inspect(plan), refused(reason))
    })
  }

  const neededByLlama = [
    'llama.block_count',
    'llama.context_length',
    'llama.embedding_length',
    'llama.feed_forward_length',
    'llama.attention.head_count',
    'llama.attention.layer_norm_rms_epsilon',
    'tokenizer.ggml.model',
    'tokenizer.ggml.tokens',
    'tokenizer.ggml.merges',
  ]
  for (const key of neededByLlama) {
    it(`no ${key}`, async () => {
      await assert.rejects(inspect(llamaPlan({ [key]: undefined })), refused(new RegExp(`"${key}" is missing`)))
    })
  }

  it('a key twice', async () => {
    const bytes = ggufBytes({ metadata: { aa: ['u32', 1], ab: ['u32', 1] }, tensors: [] })
    bytes[bytes.indexOf('ab') + 1] = 'a'.charCodeAt(0)
    await assert.rejects(inspectGguf(bufferSource(bytes)), refused(/"aa" twice/))
  })

  it('something else under the name', async () => {
    const lfs = Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\n')
    await assert.rejects(inspectGguf(bufferSource(lfs)), refused(/Git LFS pointer/))
    await assert.rejects(inspectGguf(bufferSource(Buffer.alloc(100))), refused(/no GGUF file/))
    await assert.rejects(inspectGguf(bufferSource(Buffer.alloc(3))), refused(/only 3 bytes/))
  })

  it('weights that are cut off, with how much is missing', async () => {
    const bytes = ggufBytes(llamaPlan())
    const error = await inspectGguf(bufferSource(bytes.subarray(0, bytes.length - 100))).catch(
      (thrown: unknown) => thrown,
    )
    assert.ok(refused(/100 of \d+ bytes are missing/)(error) && error instanceof AppError)
    assert.deepEqual([error.details['missing'], error.details['expectedBytes']], [100, bytes.length])
  })

  it('a file that shrinks while it is read', async () => {
    const bytes = ggufBytes(llamaPlan())
    const shrinking: ByteSource = { ...bufferSource(bytes.subarray(0, 200)), size: bytes.length }
    await assert.rejects(inspectGguf(shrinking), refused(/cut off after 200 bytes/))
  })

  it('control characters of the file stay out of the message', async () => {
    await assert.rejects(inspect(withTensor({ name: 'a\u001b[31m\n', type: 77 })), (error: Error) => {
      assert.ok([...error.message].every((character) => character >= ' '))
      return refused(/unknown format/)(error)
    })
  })
})

describe('a mutated GGUF file', () => {
  const WEIGHT_BYTES = 224 + 16_384 + 8192 + 256
  /** mulberry32: the same numbers on every run. */
  const seeded = (start: number) => {
    let state = start >>> 0
    return (below: number): number => {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
    }
  }
  /** Reads what a mutation left over; anything but a summary or a refusal fails, and so does reading too much. */
  async function survives(bytes: Buffer, what: string): Promise<boolean> {
    const source = bufferSource(bytes)
    const outcome = await inspectGguf(source).catch((error: unknown) => error)
    if (outcome instanceof Error) refused(/./)(outcome)
    assert.ok(source.reads.bytes <= bytes.length + 1024 * 1024, `${what} read ${source.reads.bytes} bytes`)
    return !(outcome instanceof Error)
  }

  it('gives a summary or a refusal, whatever bits flip', async () => {
    const random = seeded(1)
    const original = ggufBytes(llamaPlan())
    const headerEnd = original.length - WEIGHT_BYTES
    let accepted = 0
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.from(original)
      for (let flips = 1 + random(4); flips > 0; flips--) {
        const place = random(headerEnd)
        bytes[place] = (bytes[place] ?? 0) ^ (1 << random(8))
      }
      accepted += (await survives(bytes, `round ${round}`)) ? 1 : 0
    }
    // Some flips hit texts and numbers that may be anything; were nothing or all accepted, nothing would be tested.
    assert.ok(accepted > 100 && accepted < 2500, `${accepted} accepted`)
  })

  it('gives a refusal when it ends anywhere too early', async () => {
    const original = ggufBytes(llamaPlan())
    const headerEnd = original.length - WEIGHT_BYTES
    for (let length = 0; length < headerEnd; length++) {
      assert.equal(await survives(original.subarray(0, length), `length ${length}`), false)
    }
  })

  it('gives a summary or a refusal when lengths claim anything', async () => {
    const random = seeded(2)
    const original = ggufBytes(llamaPlan())
    const bombs = [0n, 1n, 2n ** 16n, 2n ** 24n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]
    for (let place = 8; place < original.length - WEIGHT_BYTES - 8; place++) {
      const bytes = Buffer.from(original)
      bytes.writeBigUInt64LE(bombs[random(bombs.length)] ?? 0n, place)
      await survives(bytes, `bomb at ${place}`)
    }
  })

  it('gives a refusal for a file of noise behind a good beginning', async () => {
    const random = seeded(3)
    for (let round = 0; round < 200; round++) {
      const noise = Buffer.from(Array.from({ length: 400 }, () => random(256)))
      const bytes = Buffer.concat([Buffer.from('GGUF'), u32(3), u64(random(9)), u64(1 + random(9)), noise])
      assert.equal(await survives(bytes, `noise ${round}`), false)
    }
  })
})

describe('validateGguf on a disk', () => {
  const put = async (name: string, bytes: Buffer): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, bytes)
    return path
  }

  it('says that there is no such file', async () => {
    await assert.rejects(validateGguf(join(folder, 'none.gguf')), { code: 'model.not-found' })
  })

  it('names the file and the reason', async () => {
    const path = await put('short.gguf', ggufBytes(llamaPlan()).subarray(0, 5000))
    await assert.rejects(validateGguf(path), (error: AppError) => {
      assert.match(
        error.message,
        /^The model file "short\.gguf" cannot be used: it is cut off: \d+ of \d+ bytes are missing\.$/,
      )
      assert.equal(error.details['file'], 'short.gguf')
      return refused(/./)(error)
    })
  })

  it('refuses what is no file', { skip: process.platform === 'win32' }, async () => {
    await assert.rejects(validateGguf(folder), refused(/not a regular file/))
    await assert.rejects(validateGguf('/dev/zero'), refused(/not a regular file/))
  })

  it('stops when the caller gives up', async () => {
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await assert.rejects(validateGguf(tinyChat(), { signal }), reason)
  })

  const part = (index: number, count: number, tensors: GgufPlan['tensors']): Buffer => {
    const split = {
      'split.no': ['u16', index],
      'split.count': ['u16', count],
      'split.tensors.count': ['i32', 4],
    } as const
    return ggufBytes({ metadata: index === 0 ? { ...llamaPlan().metadata, ...split } : split, tensors })
  }

  it('takes the parts of a split model together', async () => {
    const { tensors } = llamaPlan()
    const first = await put('whole-00001-of-00002.gguf', part(0, 2, tensors.slice(0, 2)))
    await put('whole-00002-of-00002.gguf', part(1, 2, tensors.slice(2)))
    const summary = await validateGguf(first)
    assert.deepEqual([summary.tensorCount, summary.blockBytes], [4, [16_384, 8192]])
  })

  it('holds no more of all parts together than of a model in one file', async () => {
    const many = (first: number): GgufPlan['tensors'] =>
      Array.from({ length: 33_000 }, (_, index) => ({
        ...{ name: String(first + index), dimensions: [], type: 24, sizeBytes: 1 },
      }))
    const first = await put('many-00001-of-00003.gguf', part(0, 3, many(0)))
    await put('many-00002-of-00003.gguf', part(1, 3, many(33_000)))
    // The third is not even looked at.
    await assert.rejects(validateGguf(first), refused(/its parts hold more than 65536 tensors/))
  })

  it('refuses a split model that is not complete', async () => {
    const { tensors } = llamaPlan()
    const lone = await put('lone-00001-of-00002.gguf', part(0, 2, tensors.slice(0, 2)))
    await assert.rejects(validateGguf(lone), refused(/part 2 of 2 is missing \("lone-00002-of-00002.gguf"\)/))
    const second = await put('later-00002-of-00002.gguf', part(1, 2, tensors.slice(2)))
    await assert.rejects(validateGguf(second), refused(/name the first part/))
    const few = await put('few-00001-of-00002.gguf', part(0, 2, tensors.slice(0, 2)))
    await put('few-00002-of-00002.gguf', part(1, 2, tensors.slice(2, 3)))
    await assert.rejects(validateGguf(few), refused(/hold 3 tensors and not 4/))
    const renamed = await put('renamed.gguf', part(0, 2, tensors.slice(0, 2)))
    await assert.rejects(validateGguf(renamed), refused(/its name does not end in -00001-of-00002.gguf/))
    const cut = await put('cut-00001-of-00002.gguf', part(0, 2, tensors.slice(0, 2)))
    await put('cut-00002-of-00002.gguf', part(1, 2, tensors.slice(2)).subarray(0, 400))
    await assert.rejects(validateGguf(cut), refused(/"cut-00002-of-00002.gguf" cannot be used: it is cut off/))
  })
})

it('a text in a list may be as long as the file says, up to its end', async () => {
  const value = Buffer.concat([u32(9), u32(8), u64(2), text('x'.repeat(70_000)), text('y')])
  const { metadata } = await parseGgufHeader(bufferSource(ggufBytes(llamaPlan({ x: ['raw', value] }))))
  assert.deepEqual(metadata.get('x'), { element: 'str', length: 2 })
})
