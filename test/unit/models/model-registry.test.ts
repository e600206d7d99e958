import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { isGgufFile } from '../../../src/backends/backend-catalog.ts'
import { createModelRegistry, type ModelRegistryInit } from '../../../src/models/create-model-registry.ts'
import { listConfigFiles } from '../../../src/models/find-config-file.ts'
import { writeModelConfig } from '../../../src/models/write-model-config.ts'
import { tinyChat, tinyEmbedding, tinyLora, tinyReranker } from '../../support/tiny-models.ts'
import { ggufBytes, llamaPlan } from './gguf-bytes.ts'
import { type MemoryLog, memoryLog } from './memory-log.ts'

let folder = ''
let models = ''
let memory: MemoryLog

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'local-ai-models-')))
  models = join(folder, 'models')
  await mkdir(models)
  memory = memoryLog()
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const put = (name: string, content: string | Buffer): Promise<void> => writeFile(join(models, name), content)
const registryOf = (init: Partial<ModelRegistryInit> = {}) =>
  createModelRegistry({ log: memory.log }, { modelsPath: models, ...init })

/** Read once, not watched. */
async function read(init: Partial<ModelRegistryInit> = {}) {
  const registry = registryOf(init)
  await registry.reload()
  return registry
}
const idsOf = (registry: ReturnType<typeof registryOf>) => registry.list().map(({ id }) => id)

describe('which models there are', () => {
  it('configurations, then bare files, then what the node brings', async () => {
    await put('b.yaml', 'name: second\nparameters: {model: used.gguf}')
    await put('a.yml', '- name: first\n- name: list-mate')
    await put('.hidden.yaml', 'name: hidden')
    await put('notes.yaml.bak', 'name: backup')
    for (const name of ['used.gguf', 'loose.gguf', '.hidden.gguf', 'half.gguf.partial']) {
      await copyFile(tinyChat(), join(models, name))
    }
    const builtin = [{ name: 'tiny-chat', file: tinyChat(), demonstration: 'Knows a few dozen sentences.' }]
    const registry = await read({ builtin })
    assert.deepEqual(idsOf(registry), ['first', 'list-mate', 'second', 'loose.gguf', 'tiny-chat'])
    assert.equal(registry.list().at(-1)?.demonstration, 'Knows a few dozen sentences.')
    const sources = registry.list().map(({ source }) => source)
    assert.deepEqual(sources, ['configuration', 'configuration', 'configuration', 'file', undefined])
    assert.deepEqual(memory.warnings(), [])
  })

  it('are found by their names', async () => {
    await put('a.yaml', 'name: owner\nparameters: {model: used.gguf}')
    await copyFile(tinyChat(), join(models, 'used.gguf'))
    await copyFile(tinyChat(), join(models, 'loose.gguf'))
    const registry = await read()
    for (const name of ['loose', 'loose.gguf']) assert.equal(registry.find(name)?.name, 'loose.gguf')
    for (const name of ['owner', 'used', 'used.gguf']) assert.equal(registry.find(name)?.name, 'owner')
    for (const name of ['', 'none', '../models/loose.gguf', '__proto__']) assert.equal(registry.find(name), undefined)
  })

  it('a configuration replaces an earlier one of the same name', async () => {
    await put('a.yaml', '- {name: same, threads: 1}\n- {name: other}')
    await put('b.yaml', 'name: same\nthreads: 2')
    await writeFile(join(folder, 'more.yaml'), '- {name: other, threads: 3}')
    const registry = await read({ modelsConfigFile: join(folder, 'more.yaml') })
    assert.deepEqual(idsOf(registry), ['same', 'other'])
    assert.deepEqual([registry.find('same')?.threads, registry.find('other')?.threads], [2, 3])
  })

  it('a model of the user takes the place of the built-in one', async () => {
    const builtin = [{ name: 'tiny-chat', file: tinyChat() }]
    await copyFile(tinyChat(), join(models, 'tiny-chat.gguf'))
    const registry = await read({ builtin })
    assert.deepEqual(idsOf(registry), ['tiny-chat.gguf'])
    assert.equal(registry.find('tiny-chat')?.modelFile, join(models, 'tiny-chat.gguf'))
  })

  it('one that is broken does not hide the others, and is said once', async () => {
    await put('a.yaml', 'name: [')
    await put('b.yaml', '- {name: good}\n- {name: bad, context_size: big}\n- {name: bad too, backend: "no/way"}')
    await put('c.yaml', 'name: fine')
    await put('cut.gguf', ggufBytes(llamaPlan()).subarray(0, 600))
    const registry = await read({ builtin: [{ name: 'gone', file: join(folder, 'gone.gguf') }] })
    assert.deepEqual(idsOf(registry), ['good', 'fine'])
    const warnings = memory.warnings()
    assert.equal(warnings.length, 5)
    assert.match(warnings[0] ?? '', /^a\.yaml: .*line 1/)
    assert.equal(warnings[1], 'b.yaml: "context_size" must be a whole number from 0 to 2147483647, and it is "big"')
    assert.equal(warnings[2], 'b.yaml: invalid backend name: no/way')
    assert.match(warnings[3] ?? '', /^cut\.gguf: The model file "cut\.gguf" cannot be used/)
    assert.equal(warnings[4], 'gone.gguf: the file is not there')
    await registry.reload()
    assert.equal(memory.warnings().length, 5)
  })

  it('a named pipe that nobody writes to holds nobody up', {
    skip: process.platform === 'win32',
    timeout: 10_000,
  }, async () => {
    for (const name of ['pipe.yaml', 'words.tmpl', 'pipe.gguf', 'weights']) execFileSync('mkfifo', [join(models, name)])
    await put('good.yaml', 'name: good\ntemplate: {chat: words}\nparameters: {model: weights}')
    const registry = await read()
    assert.deepEqual(idsOf(registry), ['good'])
    assert.deepEqual(await listConfigFiles(models).then((files) => files.map(({ name }) => name)), ['good'])
    assert.equal(await isGgufFile(join(models, 'weights')), false)
    assert.match(memory.warnings().join('\n'), /pipe\.yaml: it is no regular file/)
  })

  it('a broken file is not listed, and found, so that loading it can say why', async () => {
    await put('cut.gguf', ggufBytes(llamaPlan()).subarray(0, 600))
    const registry = await read()
    assert.deepEqual(idsOf(registry), [])
    assert.equal(registry.find('cut')?.modelFile, join(models, 'cut.gguf'))
    assert.equal(registry.fallback('chat'), undefined)
  })

  it('what is no model by itself is not listed', async () => {
    await copyFile(await tinyLora(), join(models, 'lora.gguf'))
    await copyFile(tinyChat(), join(models, 'split-00002-of-00003.gguf'))
    assert.deepEqual(idsOf(await read()), [])
    assert.deepEqual(memory.warnings(), [])
  })

  it('says when the file last changed', async () => {
    await copyFile(tinyChat(), join(models, 'loose.gguf'))
    await utimes(join(models, 'loose.gguf'), 1_700_000_000, 1_700_000_000.9)
    assert.equal((await read()).list()[0]?.created, 1_700_000_000)
  })
})

describe('paths in a configuration', () => {
  const refusals: readonly (readonly [string, string])[] = [
    ['parameters: {model: /etc/passwd}', '/etc/passwd'],
    ['parameters: {model: ../up.gguf}', '../up.gguf'],
    ['parameters: {model: a/../../up.gguf}', 'a/../../up.gguf'],
    ['mmproj: ../up.gguf', '../up.gguf'],
    ['lora_adapter: /l.gguf', '/l.gguf'],
    ['lora_adapters: [ok.gguf, ../l.gguf]', '../l.gguf'],
    ['download_files: [{filename: ../x, uri: "https://example.org/x"}]', '../x'],
  ]
  for (const [line, path] of refusals) {
    it(`may not leave the models folder: ${line}`, async () => {
      await put('a.yaml', `name: a\n${line}`)
      assert.deepEqual(idsOf(await read()), [])
      assert.deepEqual(memory.warnings(), [`a.yaml: invalid file path: ${path}`])
    })
  }

  it('may not leave it through a linked folder, but a file may be a link', {
    skip: process.platform === 'win32',
  }, async () => {
    const outside = join(folder, 'outside')
    await mkdir(outside)
    await copyFile(tinyChat(), join(outside, 'x.gguf'))
    await symlink(outside, join(models, 'way-out'))
    await symlink(join(outside, 'x.gguf'), join(models, 'link.gguf'))
    await put(
      'a.yaml',
      '- {name: a, parameters: {model: way-out/x.gguf}}\n- {name: b, parameters: {model: way-out/new.gguf}}',
    )
    assert.deepEqual(idsOf(await read()), ['link.gguf'])
    assert.deepEqual(memory.warnings(), [
      'a.yaml: invalid file path: way-out/x.gguf',
      'a.yaml: invalid file path: way-out/new.gguf',
    ])
  })

  it('may lead into sub-folders, and links may stay inside', { skip: process.platform === 'win32' }, async () => {
    await mkdir(join(models, 'sub'))
    await copyFile(tinyChat(), join(models, 'sub', 'x.gguf'))
    await symlink('sub', join(models, 'way'))
    await put('a.yaml', '- {name: a, parameters: {model: sub/x.gguf}}\n- {name: b, parameters: {model: way/x.gguf}}')
    const registry = await read()
    assert.deepEqual(idsOf(registry), ['a', 'b'])
    assert.equal(registry.find('a')?.contextSize, 2048)
  })

  it('may be URLs, which are known by the name of their file', async () => {
    const urls = [
      'huggingface://o/r/x.gguf@main',
      'https://example.org/d/x.gguf?download=true',
      'npm://p@1.2.3/d/x.gguf',
    ]
    await put('a.yaml', urls.map((url, index) => `- {name: m${index}, parameters: {model: "${url}"}}`).join('\n'))
    const registry = await read()
    assert.deepEqual(
      registry.list().map(({ config }) => config.modelFile),
      urls.map(() => join(models, 'x.gguf')),
    )
    assert.equal(registry.find('m0')?.parameters.model, urls[0])
  })
})

describe('what a configuration says', () => {
  it('reaches the model, key by key', async () => {
    await copyFile(tinyChat(), join(models, 'm.gguf'))
    const yaml = `
name: full
backend: LLaMA
description: All of it.
parameters:
  model: m.gguf
  temperature: 0
  top_p: 0.5
  top_k: 7
  min_p: 0.1
  typical_p: 0.9
  max_tokens: 5
  seed: -1
  batch: 64
  ignore_eos: true
  repeat_penalty: 1.1
  repeat_last_n: 0
  frequency_penalty: 0.2
  presence_penalty: 0.3
context_size: 512
threads: 3
f16: yes
gpu_layers: 0
main_gpu: 1
tensor_split: 3,1
mmap: off
mmlock: true
flash_attention: on
mmproj: p.gguf
lora_adapters: [a.gguf, b.gguf]
lora_scales: [0.5]
stopwords: ["###", 7]
system_prompt: Be brief.
grammar: root ::= "a"
options: ["k:v", gpu]
known_usecases: [FLAG_VISION, llm]
reasoning: {disable: true}
reasoning_effort: low
chat_template_kwargs: {enable_thinking: true, style: {of: x}}
grpc: {attempts: 3, attempts_sleep_time: 4}
download_files: [{filename: m.gguf, uri: "https://example.org/m.gguf", sha256: ab}]
pipeline: {llm: x}
`
    await put('full.yaml', yaml)
    const { raw, ...config } = (await read()).find('full') ?? assert.fail('not found')
    assert.deepEqual(config, {
      name: 'full',
      backend: 'llama-cpp',
      description: 'All of it.',
      parameters: {
        model: 'm.gguf',
        temperature: 0,
        topP: 0.5,
        topK: 7,
        minP: 0.1,
        typicalP: 0.9,
        maxTokens: 5,
        seed: -1,
        repeatPenalty: 1.1,
        repeatLastN: 0,
        frequencyPenalty: 0.2,
        presencePenalty: 0.3,
        ignoreEos: true,
      },
      modelFile: join(models, 'm.gguf'),
      contextSize: 512,
      threads: 3,
      gpuLayers: 0,
      batch: 64,
      embeddings: false,
      reranking: false,
      mmap: false,
      mlock: true,
      f16: true,
      flashAttention: 'on',
      mmproj: join(models, 'p.gguf'),
      loraAdapters: [
        { file: join(models, 'a.gguf'), scale: 0.5 },
        { file: join(models, 'b.gguf'), scale: 1 },
      ],
      tensorSplit: '3,1',
      mainGpu: '1',
      stopWords: ['###', '7'],
      systemPrompt: 'Be brief.',
      grammar: 'root ::= "a"',
      options: ['k:v', 'gpu'],
      knownUseCases: ['vision', 'chat', 'completion', 'edit', 'tokenize'],
      reasoningDisabled: true,
      reasoningEffort: 'low',
      templateValues: { style: { of: 'x' } },
      reasoning: { drop: false, prefill: true, startTokens: [], tags: [] },
      readyTimeoutMs: 12_000,
      downloadFiles: [{ filename: 'm.gguf', uri: 'https://example.org/m.gguf', sha256: 'ab' }],
    })
    assert.deepEqual(raw?.['pipeline'], { llm: 'x' })
    assert.deepEqual(memory.warnings(), ['full.yaml: "pipeline" is a key of LocalAI that this node does not use yet'])
  })

  it('is nothing for a bare file, which has the defaults', async () => {
    await copyFile(tinyChat(), join(models, 'm.gguf'))
    assert.deepEqual((await read()).find('m'), {
      name: 'm.gguf',
      parameters: { model: 'm.gguf' },
      modelFile: join(models, 'm.gguf'),
      contextSize: 2048,
      embeddings: false,
      reranking: false,
      mmap: true,
      mlock: false,
      f16: false,
      flashAttention: 'auto',
      loraAdapters: [],
      stopWords: [],
      options: [],
      knownUseCases: ['chat', 'completion', 'edit', 'tokenize'],
      readyTimeoutMs: 40_000,
      downloadFiles: [],
    })
  })

  it('takes one adapter with one scale', async () => {
    await put('a.yaml', 'name: a\nlora_adapter: l.gguf\nlora_scale: 0.25')
    const adapters = (await read()).find('a')?.loraAdapters
    assert.deepEqual(adapters, [{ file: join(models, 'l.gguf'), scale: 0.25 }])
  })

  it('takes its name from the model, or from its own file, when it has none', async () => {
    await copyFile(tinyChat(), join(models, 'm.gguf'))
    await put('a.yaml', 'parameters: {model: m.gguf}')
    await put('b.yaml', 'parameters: {model: other.gguf}')
    assert.deepEqual(idsOf(await read()), ['tiny-chat', 'b'])
  })

  it('is refused with a name that nobody could type', async () => {
    await put('a.yaml', 'name: "a\\u0007b"')
    assert.deepEqual(idsOf(await read()), [])
    assert.match(memory.warnings()[0] ?? '', /invalid model name/)
  })
})

describe('defaults', () => {
  const contextSizeOf = async (line: string, init: Partial<ModelRegistryInit> = {}) => {
    await put('m.gguf', ggufBytes(llamaPlan({ 'llama.context_length': ['u32', 131_072] })))
    await put('a.yaml', `name: a\nparameters: {model: m.gguf}\n${line}`)
    return (await read(init)).find('a')?.contextSize
  }
  it('for the context: the model knows best, up to a limit', async () => {
    assert.equal(await contextSizeOf(''), 8192)
  })
  it('for the context: the node may say, and the model has the last word', async () => {
    assert.equal(await contextSizeOf('', { contextSize: 1000 }), 1000)
    assert.equal(await contextSizeOf('context_size: 100000', { contextSize: 1000 }), 100_000)
    assert.equal(await contextSizeOf('context_size: 0', { contextSize: 1000 }), 1000)
  })
  it('for threads and f16', async () => {
    await put('a.yaml', '- {name: a, threads: 1, f16: false}\n- {name: b}')
    const registry = await read({ threads: 4, f16: true })
    assert.deepEqual([registry.find('a')?.threads, registry.find('a')?.f16], [1, false])
    assert.deepEqual([registry.find('b')?.threads, registry.find('b')?.f16], [4, true])
  })
})

describe('what a model is for', () => {
  it('is guessed from the file', async () => {
    await copyFile(await tinyEmbedding(), join(models, 'e.gguf'))
    await copyFile(await tinyReranker(), join(models, 'r.gguf'))
    const registry = await read()
    const [embedder, reranker] = [registry.find('e'), registry.find('r')]
    assert.deepEqual([embedder?.embeddings, embedder?.knownUseCases], [true, ['embeddings', 'tokenize']])
    assert.deepEqual(
      [reranker?.reranking, reranker?.embeddings, reranker?.knownUseCases],
      [true, false, ['rerank', 'tokenize']],
    )
  })

  it('is what the configuration says, where it says', async () => {
    await copyFile(tinyChat(), join(models, 'm.gguf'))
    await put('a.yaml', '- {name: a, embeddings: true, parameters: {model: m.gguf}}\n- {name: b, backend: whisper}')
    const registry = await read()
    assert.deepEqual(registry.find('a')?.knownUseCases, ['embeddings', 'chat', 'completion', 'edit', 'tokenize'])
    assert.deepEqual(registry.find('b')?.knownUseCases, ['transcript'])
  })

  it('decides who answers when nobody is named', async () => {
    await copyFile(await tinyEmbedding(), join(models, 'a.gguf'))
    await copyFile(tinyChat(), join(models, 'b.gguf'))
    await copyFile(tinyChat(), join(models, 'c.gguf'))
    let preferred: string | undefined
    const registry = await read({ defaultModel: () => preferred })
    assert.equal(registry.fallback('chat')?.name, 'b.gguf')
    assert.equal(registry.fallback('embeddings')?.name, 'a.gguf')
    preferred = 'c'
    assert.equal(registry.fallback('chat')?.name, 'c.gguf')
    assert.equal(registry.fallback('embeddings')?.name, 'a.gguf')
    preferred = 'not installed yet'
    assert.equal(registry.fallback('chat')?.name, 'b.gguf')
  })
})

describe('the models folder', () => {
  it('is made, watched and left alone after the stop', async () => {
    const registry = registryOf({ modelsPath: join(folder, 'new') })
    await registry.start()
    try {
      assert.deepEqual(idsOf(registry), [])
      const again = memory.next('models read')
      await writeFile(join(folder, 'new', 'a.yaml'), 'name: appeared')
      await again
      assert.deepEqual(idsOf(registry), ['appeared'])
      const afterRemoval = memory.next('models read')
      await rename(join(folder, 'new', 'a.yaml'), join(folder, 'elsewhere.yaml'))
      await afterRemoval
      assert.deepEqual(idsOf(registry), [])
    } finally {
      await registry.stop()
      await registry.stop()
    }
  })

  it('is watched on when another one takes its place', {
    skip: process.platform === 'win32',
    timeout: 10_000,
  }, async () => {
    const registry = registryOf()
    await registry.start()
    try {
      for (const how of ['moved', 'removed']) {
        if (how === 'moved') await rename(models, join(folder, 'before'))
        else await rm(models, { recursive: true })
        const taken = memory.next('models read')
        await mkdir(join(folder, 'next'))
        await writeFile(join(folder, 'next', 'a.yaml'), `name: ${how}`)
        await rename(join(folder, 'next'), models)
        await taken
        assert.deepEqual(idsOf(registry), [how])
        const noticed = memory.next('models read')
        await put('b.yaml', 'name: later')
        await noticed
        assert.deepEqual(idsOf(registry), [how, 'later'])
      }
    } finally {
      await registry.stop()
    }
  })

  it('is read again on request, one reading after the other', async () => {
    const registry = await read()
    const first = registry.reload()
    // Not waited for, so that the first reading cannot be over.
    writeFileSync(join(models, 'a.yaml'), 'name: late')
    const second = registry.reload()
    assert.notEqual(second, first)
    assert.equal(registry.reload(), second)
    await second
    assert.deepEqual(idsOf(registry), ['late'])
  })

  it('changes all at once', async () => {
    await put('a.yaml', 'name: before')
    const registry = await read()
    await put('a.yaml', '- {name: after}\n- {name: also after}')
    const reload = registry.reload()
    assert.deepEqual(idsOf(registry), ['before'])
    await reload
    assert.deepEqual(idsOf(registry), ['after', 'also after'])
  })

  it('may go away', async () => {
    await put('a.yaml', 'name: a')
    const registry = await read()
    await rm(models, { recursive: true })
    await registry.reload()
    assert.deepEqual(idsOf(registry), [])
    assert.match(memory.warnings()[0] ?? '', /ENOENT/)
  })

  it('may see a model file replaced', async () => {
    await copyFile(tinyChat(), join(models, 'm.gguf'))
    const registry = await read()
    assert.equal(registry.find('m')?.embeddings, false)
    await copyFile(await tinyEmbedding(), join(models, 'm.gguf'))
    await registry.reload()
    assert.equal(registry.find('m')?.embeddings, true)
  })
})

describe('writing a configuration', () => {
  it('gives a file that the registry reads back, also in the place of another', async () => {
    await copyFile(tinyChat(), join(models, 'm.gguf'))
    await writeModelConfig(models, { name: 'org/model', threads: 1 })
    const config = { name: 'org/model', parameters: { model: 'm.gguf', temperature: 0 }, stopwords: ['a: b', '#'] }
    assert.equal(await writeModelConfig(models, config), join(models, 'org__model.yaml'))
    assert.deepEqual((await readdir(models)).sort(), ['m.gguf', 'org__model.yaml'])
    const found = (await read()).find('org__model')
    assert.deepEqual([found?.parameters, found?.stopWords], [{ model: 'm.gguf', temperature: 0 }, ['a: b', '#']])
  })

  it('keeps keys that this node does not use', async () => {
    const path = await writeModelConfig(models, { name: 'a', pipeline: { llm: 'x' } })
    assert.equal(await readFile(path, 'utf8'), 'name: a\npipeline:\n  llm: x\n')
  })

  it('makes the folder', async () => {
    await writeModelConfig(join(folder, 'x', 'y'), { name: 'a' })
    assert.deepEqual(await readdir(join(folder, 'x', 'y')), ['a.yaml'])
  })

  for (const name of ['', ' a', '..', '../a', 'a..b', '.hidden', 'a\0b', 'a\\b', 'a|b', 'x'.repeat(201)]) {
    it(`refuses the name ${JSON.stringify(name.slice(0, 20))}`, async () => {
      await assert.rejects(writeModelConfig(models, { name }), {
        code: 'model.config-invalid',
        message: /invalid model name/,
      })
    })
  }

  it('refuses what would not be read, and leaves nothing behind', async () => {
    await assert.rejects(writeModelConfig(models, { name: 'a', parameters: { model: '/etc/x' } }), /invalid file path/)
    await assert.rejects(writeModelConfig(models, { name: 'a', mmproj: '../x' }), /invalid file path/)
    await assert.rejects(writeModelConfig(models, { name: 'a', threads: -1 }), /"threads" must be/)
    assert.deepEqual(await readdir(models), [])
  })
})
