import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type ConfigEditor, createConfigEditor } from '../../src/gallery/config-editor.ts'
import { writeRecord } from '../../src/gallery/install-record.ts'
import { createModelRemover, type ModelRemover } from '../../src/gallery/remove-model.ts'
import { createModelRegistry } from '../../src/models/create-model-registry.ts'
import { parseSent } from '../../src/models/sent-config.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { tinyChat } from '../support/tiny-models.ts'

const log = createLogger({ level: 'silent', format: 'json' })

interface Folder extends AsyncDisposable {
  readonly root: string
  readonly models: string
  /** What `--models-config-file` would name. */
  readonly listFile: string
  readonly remover: ModelRemover
  readonly editor: ConfigEditor
  /** Models that were asked to leave memory, and when the registry was told to read again. */
  readonly told: string[]
  put(files: Readonly<Record<string, string>>): Promise<void>
  files(): Promise<readonly string[]>
}

async function folder(): Promise<Folder> {
  const root = await mkdtemp(join(tmpdir(), 'local-ai-remove-'))
  const models = join(root, 'models')
  const listFile = join(root, 'list.yaml')
  await mkdir(models)
  const told: string[] = []
  const registry = {
    async reload() {
      told.push('reload')
    },
  }
  const unload = async (model: string): Promise<boolean> => told.push(`unload ${model}`) > 0
  return {
    root,
    models,
    told,
    listFile,
    remover: createModelRemover({ log, registry, unload }, { modelsPath: models, modelsConfigFile: listFile }),
    editor: createConfigEditor({ registry, unload }, { modelsPath: models }),
    async put(files) {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(join(models, name, '..'), { recursive: true })
        await writeFile(join(models, name), text)
      }
    },
    files: async () => (await readdir(models, { recursive: true })).toSorted(),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
}

describe('removing a model', () => {
  it('takes its files, record and YAML, and lets it go from memory before and when nobody finds it any more', async () => {
    await using at = await folder()
    await at.put({
      'm.yaml': 'name: m\nparameters: {model: sub/m.gguf}\nmmproj: eye.gguf\n',
      'sub/m.gguf': 'x',
      'eye.gguf': 'x',
      'extra.txt': 'x',
      'm2.gguf.partial': 'x',
    })
    await writeRecord(at.models, { name: 'm', reference: 'g@m', files: [{ filename: 'extra.txt', uri: 'https://x' }] })
    await at.remover.remove('m')
    assert.deepEqual(await at.files(), ['m2.gguf.partial'])
    assert.deepEqual(at.told, ['unload m', 'reload', 'unload m'])
  })

  it('leaves what another model uses', async () => {
    await using at = await folder()
    await at.put({
      'a.yaml': 'name: a\nparameters: {model: shared.gguf}\nmmproj: own.gguf\n',
      'list.yml': '- name: b\n  parameters: {model: other.gguf}\n- parameters: {model: shared.gguf}\n  name: c\n',
      'shared.gguf': 'x',
      'own.gguf': 'x',
    })
    await at.remover.remove('a')
    assert.deepEqual(await at.files(), ['list.yml', 'shared.gguf'])
  })

  it('leaves what another model uses, however and wherever that is written', async () => {
    await using at = await folder()
    const used = [
      'spelled.gguf',
      'sub/deep.gguf',
      'named.gguf',
      'stem.gguf',
      'draft.gguf',
      'option.gguf',
      'listed.gguf',
    ]
    await at.put({
      'a.yaml': `name: a\nparameters: {model: ./own.gguf}\ndownload_files: [${[...used, 'victim.yaml', '._gallery_c.yaml', './b.yaml'].map((filename) => `{filename: ${filename}, uri: x}`).join(', ')}]\n`,
      'b.yaml': 'name: b\nparameters: {model: ./spelled.gguf}\nlora_adapters: [sub//deep.gguf]\n',
      'c.yaml': 'name: named.gguf\ndraft_model: draft.gguf\noptions: ["draft:option.gguf"]\n',
      'stem.gguf.yaml': 'context_size: 64\n',
      'victim.yaml': 'name: victim\n',
      'endless.yaml': 'name: endless\noptions: &o [*o]\n',
      'own.gguf': 'x',
      ...Object.fromEntries(used.map((name) => [name, 'x'])),
    })
    await writeRecord(at.models, { name: 'c', reference: 'g@c', files: [] })
    await writeFile(at.listFile, '- {name: l, parameters: {model: listed.gguf}}\n')
    await at.remover.remove('a')
    const configurations = ['._gallery_c.yaml', 'b.yaml', 'c.yaml', 'endless.yaml', 'stem.gguf.yaml', 'victim.yaml']
    assert.deepEqual(await at.files(), [...configurations, ...used, 'sub'].toSorted())
  })

  it('takes all parts of a split model, and finds names with a slash', async () => {
    await using at = await folder()
    await at.put({
      'org__big.yaml': 'name: org__big\nparameters: {model: big-00001-of-00002.gguf}\n',
      'big-00001-of-00002.gguf': 'x',
      'big-00002-of-00002.gguf': 'x',
      'bigger-00001-of-00002.gguf': 'x',
    })
    await at.remover.remove('org/big')
    assert.deepEqual(await at.files(), ['bigger-00001-of-00002.gguf'])
  })

  it('finds a model under the name that it is listed by, whoever gave it that name', async () => {
    await using at = await folder()
    await at.put({
      'seven.yaml': 'name: 7\nparameters: {model: seven.bin}\n',
      'slash.yaml': 'name: a/b\nparameters: {model: slash.bin}\n',
      'plain.yaml': 'parameters: {model: named.gguf}\n',
      ...{ 'seven.bin': 'x', 'slash.bin': 'x' },
    })
    await copyFile(tinyChat(), join(at.models, 'named.gguf'))
    const registry = createModelRegistry({ log }, { modelsPath: at.models })
    await registry.reload()
    const listed = registry.list().map(({ id }) => id)
    assert.deepEqual(listed.toSorted(), ['7', 'a/b', 'tiny-chat'])
    for (const name of listed) assert.notEqual(await at.editor.text(name), undefined)
    for (const name of listed) await at.remover.remove(name)
    assert.deepEqual(await at.files(), [])
    await at.put({ 'plain.yaml': 'parameters: {model: named.gguf}\n' })
    await copyFile(tinyChat(), join(at.models, 'named.gguf'))
    await at.remover.remove('plain')
    assert.deepEqual(await at.files(), [])
    assert.deepEqual(at.told.at(-1), 'unload tiny-chat')
  })

  it('takes a bare model file', async () => {
    await using at = await folder()
    await at.put({ 'bare.gguf': 'x', 'other.gguf': 'x' })
    await at.remover.remove('bare')
    assert.deepEqual(await at.files(), ['other.gguf'])
  })

  it('touches nothing outside of the folder, whatever the YAML says and wherever links lead', async () => {
    await using at = await folder()
    const outside = join(at.root, 'outside')
    await mkdir(outside)
    for (const name of ['a.gguf', 'b.gguf', 'c.gguf']) await writeFile(join(outside, name), 'precious')
    await symlink(outside, join(at.models, 'way'))
    await symlink(join(outside, 'c.gguf'), join(at.models, 'c.gguf'))
    await at.put({
      'm.yaml': `name: m\nparameters: {model: ../outside/a.gguf}\nmmproj: way/b.gguf\ndownload_files: [{filename: c.gguf, uri: x}, {filename: ${join(outside, 'a.gguf')}, uri: x}]\n`,
    })
    await at.remover.remove('m')
    assert.deepEqual((await readdir(outside)).toSorted(), ['a.gguf', 'b.gguf', 'c.gguf'])
    assert.deepEqual(await readdir(at.models), ['way'])
  })

  it('refuses what is not there, and one of several in a file', async () => {
    await using at = await folder()
    await at.put({ 'list.yaml': '- name: a\n- name: b\n', 'readme.txt': 'x' })
    await assert.rejects(at.remover.remove('a'), { code: 'request.conflict' })
    for (const name of ['nobody', 'readme.txt', '../models/list', '']) {
      await assert.rejects(at.remover.remove(name), { code: 'request.not-found' })
    }
    assert.deepEqual(await at.files(), ['list.yaml', 'readme.txt'])
  })
})

describe('editing a model', () => {
  const yaml = (text: string): ReturnType<typeof parseSent> => parseSent(text)

  it('keeps the text as it was sent, comments and all', async () => {
    await using at = await folder()
    const text = '# mine\nname: m\ncontext_size: 64 # small\nparameters:\n  model: m.gguf\n'
    assert.deepEqual(await at.editor.add(yaml(text)), { name: 'm', filename: 'm.yaml' })
    assert.equal(await readFile(join(at.models, 'm.yaml'), 'utf8'), text)
    assert.equal(await at.editor.text('m'), text)
    await at.editor.add(yaml('{"name":"j","parameters":{"model":"m.gguf"}}'))
    assert.equal(await readFile(join(at.models, 'j.yaml'), 'utf8'), 'name: j\nparameters:\n  model: m.gguf\n')
  })

  it('renames: the old file and record go, the model leaves memory for good', async () => {
    await using at = await folder()
    await at.put({ 'odd.yml': 'name: old\nparameters: {model: m.gguf}\n' })
    await writeRecord(at.models, { name: 'old', reference: 'g@old', files: [] })
    await at.editor.replace('old', yaml('name: new\nparameters: {model: m.gguf}\n'))
    assert.deepEqual(await at.files(), ['._gallery_new.yaml', 'new.yaml'])
    assert.match(await readFile(join(at.models, '._gallery_new.yaml'), 'utf8'), /name: new/)
    assert.deepEqual(at.told, ['unload old', 'reload', 'unload old'])
  })

  it('does not take the name of another model, and changes no file with several', async () => {
    await using at = await folder()
    await at.put({ 'a.yaml': 'name: a\n', 'b.yaml': 'name: b\n', 'list.yaml': '- name: c\n- name: d\n' })
    await assert.rejects(at.editor.replace('a', yaml('name: b\n')), { code: 'request.conflict' })
    await assert.rejects(at.editor.replace('c', yaml('name: c\n')), { code: 'request.conflict' })
    await assert.rejects(at.editor.add(yaml('name: d\n')), { code: 'request.conflict' })
    await assert.rejects(at.editor.replace('nobody', yaml('name: x\n')), { code: 'request.not-found' })
    await assert.rejects(at.editor.text('c'), { code: 'request.conflict' })
  })

  it('does not write over a file that has other models in it, whatever its name says', async () => {
    await using at = await folder()
    const files = { 'list.yaml': '- name: a\n- name: b\n', 'm.yaml': 'name: other\n', 'odd.yml': 'name: m\n' }
    await at.put({ ...files, 'twice.yaml': 'name: twice\n', 'twice.yml': 'name: twice\n' })
    await assert.rejects(at.editor.add(yaml('name: list\n')), { code: 'request.conflict', message: /list\.yaml/ })
    for (const change of [
      () => at.editor.add(yaml('name: m\ncontext_size: 5\n')),
      () => at.editor.replace('m', yaml('name: m\ncontext_size: 5\n')),
    ])
      await assert.rejects(change, { code: 'request.conflict', message: /m\.yaml/ })
    for (const [name, text] of Object.entries(files)) assert.equal(await readFile(join(at.models, name), 'utf8'), text)
    await at.editor.add(yaml('name: twice\ncontext_size: 5\n'))
    assert.match((await at.editor.text('twice')) ?? '', /5/)
  })

  const refused: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    ['no name', 'backend: x\n', /^Name is required$/],
    ['a name with a slash', 'name: a/b\n', /^Invalid configuration: /],
    ['a name that leaves the folder', 'name: ..\n', /^Invalid configuration: /],
    ['a hidden name', 'name: .hidden\n', /^Invalid configuration: /],
    ['an absolute model', 'name: m\nparameters: {model: /etc/passwd}\n', /^Model path not trusted: \/etc\/passwd$/],
    ['a model above the folder', 'name: m\nparameters: {model: ../x.gguf}\n', /^Model path not trusted: /],
    ['such a projector', 'name: m\nmmproj: ../x.gguf\n', /^Model path not trusted: /],
    ['such a download', 'name: m\ndownload_files: [{filename: ../x, uri: y}]\n', /^Model path not trusted: /],
    ['a wrong type', 'name: m\ncontext_size: many\n', /^Invalid configuration: .*context_size/],
    ['programs to start', 'name: m\nmcp: {stdio: "{}"}\n', /^Invalid configuration: .*mcp\.stdio/],
  ]
  for (const [what, text, message] of refused) {
    it(`refuses ${what}`, async () => {
      await using at = await folder()
      await assert.rejects(at.editor.add(yaml(text)), { message })
      assert.deepEqual(await at.files(), [])
    })
  }

  it('of two who change what they have both read, one is told that it is another now', async () => {
    await using at = await folder()
    const before = 'name: m\ncontext_size: 1\n'
    await at.put({ 'm.yaml': before, 'a.yaml': 'name: a\n', 'b.yaml': 'name: b\n' })
    const expects = (text: string): boolean => text === before
    const both = await Promise.allSettled(
      [2, 3].map((size) => at.editor.replace('m', yaml(`name: m\ncontext_size: ${size}\n`), { expects })),
    )
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    const kept = both[0]?.status === 'fulfilled' ? 2 : 3
    assert.equal(await at.editor.text('m'), `name: m\ncontext_size: ${kept}\n`)
    // Nor do two models end up under one name, where one would be lost.
    const renamed = await Promise.allSettled(['a', 'b'].map((name) => at.editor.replace(name, yaml('name: c\n'))))
    assert.deepEqual(renamed.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    assert.equal((await at.files()).length, 3)
  })

  it('does not wait with an edit for the requests that another model has to finish', async () => {
    await using at = await folder()
    await at.put({ 'busy.yaml': 'name: busy\n', 'm.yaml': 'name: m\n' })
    const { promise: idle, resolve } = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const unload = async (model: string): Promise<void> => {
      if (model !== 'busy') return
      asked.resolve()
      await idle
    }
    const editor = createConfigEditor({ registry: { reload: async () => {} }, unload }, { modelsPath: at.models })
    const waiting = editor.replace('busy', yaml('name: busy\ncontext_size: 5\n'))
    await asked.promise
    await editor.replace('m', yaml('name: m\ncontext_size: 6\n'))
    resolve()
    await waiting
  })

  it('lets programs stay that the file had already, and no others', async () => {
    await using at = await folder()
    await at.put({ 'm.yaml': 'name: m\nmcp: {stdio: "mine"}\n' })
    await at.editor.replace('m', yaml('name: m\ncontext_size: 5\nmcp: {stdio: "mine"}\n'))
    await assert.rejects(at.editor.replace('m', yaml('name: m\nmcp: {stdio: "theirs"}\n')), /mcp\.stdio/)
    assert.match(await readFile(join(at.models, 'm.yaml'), 'utf8'), /context_size: 5/)
  })

  it('writes over a link instead of through it', async () => {
    await using at = await folder()
    const outside = join(at.root, 'outside.yaml')
    await writeFile(outside, 'name: m\n')
    await symlink(outside, join(at.models, 'm.yaml'))
    await at.editor.replace('m', yaml('name: m\ncontext_size: 7\n'))
    assert.equal(await readFile(outside, 'utf8'), 'name: m\n')
    assert.match(await readFile(join(at.models, 'm.yaml'), 'utf8'), /7/)
  })

  const broken: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    ['nothing', ' \n', /^Request body is empty$/],
    ['broken YAML', 'name: [a\n', /^Failed to parse YAML: /],
    ['broken JSON', '{"name": }', /^Failed to parse JSON: /],
    ['several models', '- name: a\n- name: b\n', /^Invalid configuration: /],
    ['a text', 'hello', /^Failed to parse YAML: /],
    ['a bomb', bomb(), /^Failed to parse YAML: /],
    ['more than a few levels', `name: m\na: ${'['.repeat(3000)}`, /^Failed to parse YAML: /],
  ]
  for (const [what, text, message] of broken) {
    it(`does not read ${what}`, () => {
      assert.throws(() => parseSent(text), { code: 'request.invalid', message })
    })
  }

  it('leaves no half-written file', async () => {
    await using at = await folder()
    await at.editor.add(yaml('name: m\n'))
    assert.equal(existsSync(join(at.models, 'm.yaml')), true)
    assert.deepEqual(await at.files(), ['m.yaml'])
  })
})

function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, level) => {
    const alias = level === 0 ? '1' : `*l${level - 1}`
    return `l${level}: &l${level} [${Array(9).fill(alias).join(', ')}]`
  })
  return `name: m\n${levels.join('\n')}\n`
}
