import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { modelLayers, readModelLayers } from '../../../src/models/gguf/layer-sizes.ts'
import { parseGgufHeader } from '../../../src/models/gguf/read-gguf.ts'
import { tinyChat } from '../../support/tiny-models.ts'
import { bufferSource, type GgufPlan, ggufBytes, llamaPlan } from './gguf-bytes.ts'

const F16 = 1
const layersOf = async (plan: GgufPlan) => modelLayers([await parseGgufHeader(bufferSource(ggufBytes(plan)))])
const tensor = (name: string, elements: number) => ({
  name,
  dimensions: [elements],
  type: F16,
  sizeBytes: elements * 2,
})

describe('the sizes of a model by its header', () => {
  it('are those of each layer, of the embeddings, and of the output that is tied to them', async () => {
    const { layers, input, output, ...shape } = await readModelLayers(tinyChat())
    assert.equal(layers.length, 4)
    // Two key/value heads of 24 numbers each, for keys and for values, of two bytes.
    assert.deepEqual(layers[0], {
      bytes: 108_480,
      readBytes: { f32: 768, q8_0: 107_712 },
      cacheBytesPerToken: 2 * 24 * 2 * 2,
    })
    assert.deepEqual(input, { bytes: 58_752, readBytes: {} })
    assert.deepEqual(output, { bytes: 58_752 + 384, readBytes: { f32: 384, q8_0: 58_752 } })
    assert.deepEqual(shape, {
      embeddingLength: 96,
      feedForwardLength: 256,
      headCount: 4,
      vocabularySize: 576,
      contextLength: 2048,
    })
  })

  it('count of a mixture of experts what a token reads, and of heads those of each layer', async () => {
    const plan = llamaPlan()
    const layers = await layersOf({
      ...plan,
      metadata: {
        ...plan.metadata,
        'llama.block_count': ['u32', 2],
        'llama.embedding_length': ['u32', 64],
        'llama.attention.head_count': ['arr', 'u32', [4, 8]],
        'llama.attention.head_count_kv': ['arr', 'u32', [2, 0]],
        'llama.attention.key_length': ['u32', 32],
        'llama.attention.value_length': ['u32', 16],
        'llama.expert_count': ['u32', 8],
        'llama.expert_used_count': ['u32', 2],
      },
      tensors: [
        tensor('token_embd.weight', 64),
        tensor('blk.0.attn_q.weight', 320),
        tensor('blk.1.ffn_up_exps.weight', 3200),
        tensor('output.weight', 96),
        tensor('rope_freqs.weight', 32),
      ],
    })
    assert.deepEqual(layers.layers, [
      { bytes: 640, readBytes: { f16: 640 }, cacheBytesPerToken: 2 * (32 + 16) * 2 },
      { bytes: 6400, readBytes: { f16: 1600 }, cacheBytesPerToken: 0 },
    ])
    assert.equal(layers.input.bytes, 128 + 64)
    assert.equal(layers.output.bytes, 192)
    assert.equal(layers.headCount, 8)
  })
})
