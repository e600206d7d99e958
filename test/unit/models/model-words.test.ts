import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { wrongWords } from '../../../src/inference/check-words.ts'
import { createModelRegistry, type ModelRegistryInit } from '../../../src/models/create-model-registry.ts'
import { poll } from '../../support/poll.ts'
import { tinyChat } from '../../support/tiny-models.ts'
import { type MemoryLog, memoryLog } from './memory-log.ts'

let folder = ''
let models = ''
let memory: MemoryLog

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'local-ai-words-')))
  models = join(folder, 'models')
  await mkdir(models)
  memory = memoryLog()
})
afterEach(async () => await rm(folder, { recursive: true, force: true }))

const put = (name: string, content: string): Promise<void> => writeFile(join(models, name), content)
const registryOf = (init: Partial<ModelRegistryInit> = {}) =>
  createModelRegistry({ log: memory.log, check: wrongWords }, { modelsPath: models, ...init })
async function find(name: string, init: Partial<ModelRegistryInit> = {}) {
  const registry = registryOf(init)
  await registry.reload()
  return registry.find(name)
}

describe('templates of a model', () => {
  it('are written out, or name a file of the models folder', async () => {
    await put('talk.tmpl', 'T {{ .Input }}')
    await put('a.yaml', 'name: a\ntemplate: {chat: talk, completion: "C {{ .Input }}", edit: no-such-file}')
    assert.deepEqual((await find('a'))?.prompts?.templates, {
      chat: { name: 'talk.tmpl', text: 'T {{ .Input }}' },
      completion: { name: 'template.completion', text: 'C {{ .Input }}' },
      edit: { name: 'template.edit', text: 'no-such-file' },
    })
  })

  it('are those beside the model file where nothing else is said', async () => {
    await put('m.gguf.tmpl', 'beside')
    await put('a.yaml', 'name: a\nparameters: {model: m.gguf}\ntemplate: {edit: own}')
    const prompts = (await find('a'))?.prompts
    const beside = { name: 'm.gguf.tmpl', text: 'beside' }
    const edit = { name: 'template.edit', text: 'own' }
    assert.deepEqual(prompts?.templates, { chat: beside, completion: beside, edit })
    assert.equal(prompts?.style, 'templates')
  })

  it('come from nowhere else', async () => {
    await mkdir(join(folder, 'outside'))
    await writeFile(join(folder, 'outside', 'secret.tmpl'), 'secret')
    await writeFile(join(folder, 'secret.tmpl'), 'secret')
    await symlink(join(folder, 'outside'), join(models, 'way'))
    await put('a.yaml', '- {name: up, template: {chat: ../secret}}\n- {name: link, template: {chat: way/secret}}')
    const registry = registryOf()
    await registry.reload()
    assert.equal(registry.find('up')?.prompts?.templates.chat?.text, '../secret')
    assert.equal(registry.find('link'), undefined)
    assert.match(memory.warnings().join(), /invalid file path: way\/secret\.tmpl/)
  })

  it('are read again when their file changes', async () => {
    await put('talk.tmpl', 'one')
    await put('a.yaml', 'name: a\ntemplate: {chat: talk}')
    const registry = registryOf()
    await registry.start()
    try {
      assert.equal(registry.find('a')?.prompts?.templates.chat?.text, 'one')
      await put('talk.tmpl', 'two')
      await poll('the new template', 10_000, () => registry.find('a')?.prompts?.templates.chat?.text === 'two')
    } finally {
      await registry.stop()
    }
  })

  it('are said to be wrong when they are read, and so are patterns', async () => {
    await put(
      'a.yaml',
      'name: a\ntemplate: {chat: "{{ if }}"}\ncutstrings: ["("]\nfunction: {response_regex: ["(?=x)"]}',
    )
    await find('a')
    assert.deepEqual(memory.warnings(), [
      'a.yaml: template template.chat:1:7: missing value for if',
      'a.yaml: the regular expression "(?=x)" cannot be read: invalid or unsupported Perl syntax: `(?=`',
      'a.yaml: the regular expression "(" cannot be read: missing closing ): `(`',
    ])
  })
})

describe('what a configuration does not say', () => {
  it('is taken from the file: its name, its context, who makes the prompt, what it can do', async () => {
    await copyFile(tinyChat(), join(models, 'm.gguf'))
    await put('a.yaml', 'name: a\nparameters: {model: m.gguf}')
    const config = await find('a')
    assert.equal(config?.prompts, undefined)
    assert.ok((config?.contextSize ?? 0) > 0)
    assert.ok(config?.knownUseCases.includes('chat'))
  })

  it('is not guessed when nothing shall be', async () => {
    await copyFile(tinyChat(), join(models, 'm.gguf'))
    await put('a.yaml', '- {name: a, parameters: {model: m.gguf}}\n- {name: b, template: {chat: x, edit: y}}')
    const defaults = () => ({ guessing: false })
    const config = await find('a', { defaults })
    assert.equal(config?.prompts?.style, 'templates')
    assert.equal(config?.contextSize, undefined)
    assert.deepEqual(config?.knownUseCases, ['tokenize'])
    assert.deepEqual((await find('b', { defaults }))?.knownUseCases, ['chat', 'edit', 'tokenize'])
  })
})
