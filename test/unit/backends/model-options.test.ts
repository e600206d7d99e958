import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LOCALAI_DEFAULTS, loadFingerprint, toModelOptions } from '../../../src/backends/model-options.ts'
import { fakeModel } from '../../support/fake-backend/fixture.ts'

const defaults = { ...LOCALAI_DEFAULTS, modelsPath: '/models' }
const init = { defaults, random: () => 0.5 }

describe('LoadModel options', () => {
  it("are LocalAI's where the config says nothing", () => {
    assert.deepEqual(toModelOptions(fakeModel('one'), init), {
      Model: 'one.bin',
      ModelFile: '/nowhere/one.bin',
      ModelPath: '/models',
      ContextSize: 4096,
      Seed: 1073741823,
      NBatch: 512,
      NGPULayers: 9999999,
      Threads: 1,
      F16Memory: false,
      MMap: true,
      MLock: false,
      Embeddings: false,
      Reranking: false,
      FlashAttention: 'auto',
      MainGPU: '',
      TensorSplit: '',
      MMProj: '',
      LoraAdapters: [],
      LoraScales: [],
      Options: [],
      Type: '',
    })
  })

  it("are the config's where it says something", () => {
    const config = fakeModel('one', {
      parameters: { model: 'dir/one.gguf', seed: 7 },
      contextSize: 2048,
      batch: 64,
      gpuLayers: 0,
      threads: 3,
      f16: true,
      mmap: false,
      mlock: true,
      embeddings: true,
      reranking: true,
      flashAttention: 'on',
      mainGpu: '1',
      tensorSplit: '1,2',
      mmproj: 'eyes.gguf',
      loraAdapters: [
        { file: 'a.gguf', scale: 0.5 },
        { file: '/abs/b.gguf', scale: 1 },
      ],
      options: ['rpc_servers:a', 'x:y'],
    })
    const options = toModelOptions(config, { ...init, type: 'Mamba' })
    assert.deepEqual(
      [options.Model, options.Seed, options.ContextSize, options.NBatch, options.NGPULayers, options.Threads],
      ['dir/one.gguf', 7, 2048, 64, 0, 3],
    )
    assert.deepEqual(
      [options.F16Memory, options.MMap, options.MLock, options.Embeddings, options.Reranking, options.FlashAttention],
      [true, false, true, true, true, 'on'],
    )
    assert.deepEqual([options.MainGPU, options.TensorSplit, options.Type], ['1', '1,2', 'Mamba'])
    assert.equal(options.MMProj, '/models/eyes.gguf')
    assert.deepEqual(options.LoraAdapters, ['/models/a.gguf', '/abs/b.gguf'])
    assert.deepEqual(options.LoraScales, [0.5, 1])
    assert.deepEqual(options.Options, ['rpc_servers:a', 'x:y'])
  })

  it("carry what a model's YAML says to its engine, and nothing that it does not say", () => {
    const yaml = {
      engine: {
        quantization: 'awq',
        dtype: 'float16',
        trust_remote_code: true,
        gpu_memory_utilization: 0.8,
        tensor_parallel_size: 2,
        limit_mm_per_prompt: { image: 3 },
        cache_type_k: 'q8_0',
        no_kv_offloading: true,
        yarn_ext_factor: 1.5,
        type: 'AutoModel',
        overrides: ['a=int:1'],
        diffusers: { cuda: true, pipeline_type: 'FluxPipeline', clip_skip: 2 },
        cfg_scale: 7,
        engine_args: { x: [1] },
      },
      prediction: { rope_freq_base: 10_000, tokenizer: 't' },
      grammarTriggers: ['<tool_call>'],
    }
    const plain = toModelOptions(fakeModel('one'), init)
    const said = toModelOptions(fakeModel('one', yaml), { ...init, type: 'Mamba' })
    const added = Object.fromEntries(
      Object.entries(said).filter(
        ([key, value]) => (plain as Record<string, unknown>)[key] !== value && !Array.isArray(value),
      ),
    )
    assert.deepEqual(added, {
      Quantization: 'awq',
      DType: 'float16',
      TrustRemoteCode: true,
      GPUMemoryUtilization: 0.8,
      TensorParallelSize: 2,
      LimitImagePerPrompt: 3,
      CacheTypeKey: 'q8_0',
      NoKVOffload: true,
      YarnExtFactor: 1.5,
      Type: 'AutoModel',
      CUDA: true,
      PipelineType: 'FluxPipeline',
      CLIPSkip: 2,
      CFGScale: 7,
      EngineArgs: '{"x":[1]}',
      RopeFreqBase: 10_000,
      Tokenizer: 't',
    })
    assert.deepEqual([said.Overrides, said.GrammarTriggers], [['a=int:1'], [{ word: '<tool_call>' }]])
    assert.notEqual(loadFingerprint(fakeModel('one', yaml), defaults), loadFingerprint(fakeModel('one'), defaults))
  })

  it('draw a seed of 31 bits for a negative one', () => {
    const config = fakeModel('one', { parameters: { model: 'm', seed: -1 } })
    for (const dice of [0, 0.1, 0.999_999_999_9]) {
      const { Seed: seed = -1 } = toModelOptions(config, { defaults, random: () => dice })
      assert.ok(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31, `${seed}`)
    }
  })

  it('tell configs apart that load differently, and only those', () => {
    const config = fakeModel('one')
    const print = loadFingerprint(config, defaults)
    const alike = { ...config, systemPrompt: 'Be brief.', parameters: { model: 'one.bin', temperature: 0 } }
    assert.equal(loadFingerprint(alike, defaults), print)
    for (const other of [{ backend: 'x' }, { modelFile: '/else' }, { contextSize: 1 }, { options: ['a:b'] }]) {
      assert.notEqual(loadFingerprint({ ...config, ...other }, defaults), print)
    }
  })
})
