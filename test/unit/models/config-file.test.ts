import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseModelFile } from '../../../src/models/config-schema.ts'
import { keyWarnings } from '../../../src/models/key-warnings.ts'
import { parseConfigText, readConfigFile } from '../../../src/models/read-config-file.ts'

const invalid = (message: RegExp) => ({ code: 'model.config-invalid', message })

describe('a YAML text', () => {
  it('holds one model or a list of them', () => {
    assert.deepEqual(parseConfigText('name: a'), [{ name: 'a' }])
    assert.deepEqual(parseConfigText('- name: a\n- name: b'), [{ name: 'a' }, { name: 'b' }])
  })

  it('may use anchors and merge keys', () => {
    const [, model] = parseConfigText('- &base {name: a, threads: 2}\n- {<<: *base, name: b}')
    assert.deepEqual(model, { name: 'b', threads: 2 })
  })

  it('cannot touch the prototype of anything', () => {
    const [model] = parseConfigText('__proto__: {polluted: true}')
    assert.deepEqual(Object.keys(model ?? {}), ['__proto__'])
    assert.equal((model as { polluted?: boolean }).polluted, undefined)
  })

  const bombs: readonly (readonly [string, string, RegExp])[] = [
    ['no block', 'just a text', /its content is no block/],
    ['nothing at all', '', /its content is no block/],
    ['a list with something else', '- name: a\n- 7', /entry 2 of its list is no block/],
    ['broken syntax, with the line', 'name: a\n\tthreads: 1', /line 2/],
    ['a key twice', 'name: a\nname: b', /key "name" twice/],
    ['two documents', 'name: a\n---\nname: b', /multiple documents/],
    ['endless nesting', `name: ${'['.repeat(5000)}`, /nested too deeply/],
    ['many aliases', `a: &a x\nb: [${'*a,'.repeat(101)}]`, /more than 100 aliases/],
    ['many values', `a: [${'1,'.repeat(20_001)}]`, /more than 20000 values/],
    [
      'laughs by the billion',
      [...'bcdefghij'].reduce(
        (text, letter, index) => `${text}${letter}: &${letter} [${`*${'abcdefghij'[index]},`.repeat(9)}]\n`,
        'a: &a [x, x, x, x, x, x, x, x, x]\n',
      ),
      /alias/i,
    ],
  ]
  for (const [name, text, message] of bombs) {
    it(`is refused for ${name}`, () => {
      assert.throws(() => parseConfigText(text), invalid(message))
    })
  }

  it('is not read when it is too large, or no file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'local-ai-yaml-'))
    try {
      await writeFile(join(folder, 'big.yaml'), `description: ${'x'.repeat(256 * 1024)}`)
      await assert.rejects(readConfigFile(join(folder, 'big.yaml')), invalid(/262144 are the limit/))
      await assert.rejects(readConfigFile(folder), invalid(/no regular file/))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('the shape of a model', () => {
  it('is lenient where YAML is: words for switches, numbers for texts, nothing for not said', () => {
    const model = { name: 7, f16: 'yes', threads: null, main_gpu: 0, stopwords: [1, '###'], parameters: { seed: null } }
    assert.deepEqual(parseModelFile(model), {
      name: 7,
      f16: 'yes',
      main_gpu: 0,
      stopwords: [1, '###'],
      parameters: {},
    })
  })

  it('leaves keys alone that it does not know', () => {
    assert.deepEqual(parseModelFile({ name: 'a', pipeline: { llm: 'x' } }), { name: 'a', pipeline: { llm: 'x' } })
  })

  const wrong: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ context_size: 'big' }, '"context_size" must be a whole number from 0 to 2147483647, and it is "big"'],
    [{ context_size: -1 }, '"context_size" must be a whole number from 0 to 2147483647, and it is -1'],
    [{ threads: 1.5 }, '"threads" must be a whole number from 0 to 2147483647, and it is 1.5'],
    [{ mmap: 'perhaps' }, '"mmap" must be true or false, and it is "perhaps"'],
    [{ name: ['a'] }, '"name" must be a text, and it is a list'],
    [{ parameters: 'x' }, '"parameters" must be a block of keys, and it is "x"'],
    [{ parameters: { temperature: 'hot' } }, '"parameters.temperature" must be a number, and it is "hot"'],
    [
      { parameters: { temperature: Number.POSITIVE_INFINITY } },
      '"parameters.temperature" must be a number, and it is null',
    ],
    [{ stopwords: 'a' }, '"stopwords" must be a list of at most 1000 texts, and it is "a"'],
    [{ stopwords: ['a', { b: 1 }] }, '"stopwords.1" must be a text, and it is a block of keys'],
    [{ download_files: [{ filename: 'a' }] }, '"download_files.0" lacks the key "uri"'],
  ]
  for (const [model, message] of wrong) {
    it(`is refused: ${message}`, () => {
      assert.throws(() => parseModelFile(model), { code: 'model.config-invalid', message })
    })
  }
})

describe('keys without effect', () => {
  const warningsOf = (model: unknown) => keyWarnings(model).map(({ key, sentence }) => `${key} ${sentence}`)

  it('are not warned about when they have one', () => {
    const model = {
      name: 'a',
      parameters: { model: 'b' },
      template: { use_tokenizer_template: true },
      grpc: { attempts: 1 },
    }
    assert.deepEqual(warningsOf(model), [])
  })

  it('are explained when LocalAI knows them', () => {
    const model = {
      template: { chat: 'x', multimodal: 'y' },
      pipeline: { llm: 'z' },
      parameters: { n: 2 },
      function: { grammar: { parallel_calls: true, paralel: 1 } },
      dtype: 'f',
      debug: null,
      step: 3,
    }
    assert.deepEqual(warningsOf(model), [
      'template.multimodal is not used: conversations here are text',
      'pipeline is a key of LocalAI that this node does not use yet',
      'parameters.n is not used: each request says it for itself',
      'function.grammar.paralel is no key of a model configuration',
      'step is for an engine that this node does not have',
    ])
  })

  it('are pointed out when nobody knows them', () => {
    assert.deepEqual(warningsOf({ contex_size: 1, temperature: 1, wholly: 1, constructor: 1 }), [
      'contex_size is no key of a model configuration; did you mean "context_size"?',
      'temperature has no effect here: it belongs under "parameters"',
      'wholly is no key of a model configuration',
      'constructor is no key of a model configuration',
    ])
  })

  it('are not all listed when there are thousands', () => {
    const model = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`x${index}`, 1]))
    assert.equal(keyWarnings(model).length, 20)
  })

  it('never are keys that LocalAI documents and we have forgotten', () => {
    const documented =
      `name backend parameters template roles system_prompt known_usecases function reasoning context_size
      threads f16 debug embeddings reranking gpu_layers main_gpu tensor_split mmap mmlock low_vram numa no_mulmatq
      no_kv_offloading flash_attention cache_type_k cache_type_v stopwords cutstrings extract_regex trimspace trimsuffix
      grammar mirostat mirostat_eta mirostat_tau prompt_cache_path prompt_cache_all prompt_cache_ro rms_norm_eps ngqa
      rope_scaling yarn_ext_factor yarn_attn_factor yarn_beta_fast yarn_beta_slow lora_adapter lora_base lora_scale
      lora_adapters lora_scales draft_model n_draft mmproj quantization load_format dtype gpu_memory_utilization
      swap_space max_model_len tensor_parallel_size trust_remote_code enforce_eager disable_log_stats
      limit_mm_per_prompt type cfg_scale step cuda diffusers grpc tts pipeline options overrides feature_flags
      download_files description usage mcp agent alias artifacts disabled pinned concurrency_groups limits
      reasoning_effort chat_template_kwargs known_input_modalities known_output_modalities engine_args compression pii
      pii_detection router proxy mitm`.split(/\s+/)
    const parameters = `model temperature top_p top_k min_p typical_p tfz max_tokens seed n echo batch ignore_eos
      repeat_penalty repeat_last_n n_keep frequency_penalty presence_penalty logprobs top_logprobs logit_bias
      negative_prompt negative_prompt_scale rope_freq_base rope_freq_scale clip_skip tokenizer language
      translate`.split(/\s+/)
    const unexplained = [
      ...documented.flatMap((key) => warningsOf({ [key]: true })),
      ...parameters.flatMap((key) => warningsOf({ parameters: { [key]: true } })),
    ].filter((warning) => /is no key|has no effect here/.test(warning))
    assert.deepEqual(unexplained, [])
  })
})
