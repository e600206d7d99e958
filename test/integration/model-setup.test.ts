import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { composeGallery } from '../../src/compose/compose-gallery.ts'
import { createModelSetup } from '../../src/compose/model-setup.ts'
import { resolveSettings } from '../../src/config/resolve-settings.ts'
import { type RunSettings, runSettings } from '../../src/config/settings.ts'
import { createModelRegistry } from '../../src/models/create-model-registry.ts'
import { sendFile, startFileServer } from '../support/file-server.ts'
import { tinyChat } from '../support/tiny-models.ts'
import { memoryLog } from '../unit/models/memory-log.ts'

const CHAT = await readFile(tinyChat())
const CONFIG = Buffer.from('name: base\nconfig_file: |\n  backend: whisper\n  parameters: {model: w.bin}\n')

/** The models folder of a node before it serves, and a server that has `chat.gguf`, `w.bin` and `base.yaml`. */
async function prepare(files: Readonly<Record<string, string>>, given: Partial<RunSettings> = {}) {
  await using cleanup = new AsyncDisposableStack()
  const root = await mkdtemp(join(tmpdir(), 'local-ai-setup-'))
  cleanup.defer(async () => await rm(root, { recursive: true, force: true }))
  const served: Readonly<Record<string, Buffer>> = {
    'chat.gguf': CHAT,
    'w.bin': Buffer.from('weights'),
    'base.yaml': CONFIG,
  }
  const server = cleanup.use(
    await startFileServer((request, response) => {
      const body = served[basename(request.url ?? '')]
      if (body === undefined) response.writeHead(404).end()
      else sendFile(request, response, { body })
    }),
  )
  const modelsPath = join(root, 'models')
  await mkdir(modelsPath)
  const text = (value: string): string => value.replaceAll('HUB', server.origin)
  for (const [name, content] of Object.entries(files)) await writeFile(join(modelsPath, name), text(content))
  const settings: RunSettings = {
    ...resolveSettings(runSettings, {}, {}),
    ...{ modelsPath, backendsPath: join(root, 'backends'), cachePath: join(root, 'cache') },
    ...{ allowPrivateDownloads: true, autoloadBackendGalleries: false, defaultModel: undefined },
    ...given,
    preloadModels: text(given.preloadModels ?? ''),
  }
  const { log, lines, warnings } = memoryLog()
  const registry = createModelRegistry({ log }, { modelsPath })
  await registry.reload()
  const gallery = cleanup.use(
    composeGallery(settings, { log, environment: { HF_ENDPOINT: server.origin } }, { registry }),
  )
  const loaded: string[] = []
  const setup = createModelSetup(
    {
      ...{ installer: gallery.models, files: gallery.files, registry, log },
      loader: {
        async acquire({ name }) {
          loaded.push(name)
          return { client: {} as never, backend: 'none', [Symbol.dispose]() {} }
        },
      },
    },
    settings,
  )
  const moved = cleanup.move()
  return {
    ...{ root, server, registry, setup, loaded, lines, warnings, modelsPath },
    errors: () => lines.flatMap(({ level, reason }) => (level === 50 ? [reason] : [])),
    names: async () => (await readdir(modelsPath)).filter((name) => !name.startsWith('.')).toSorted(),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

describe('files that configurations name by their address', { timeout: 60_000 }, () => {
  it('are fetched before the node serves, and only those that are missing', async () => {
    await using node = await prepare({
      'a.yaml': 'name: a\nparameters: {model: "HUB/somewhere/chat.gguf"}',
      'b.yaml':
        'name: b\nbackend: whisper\ndownload_files: [{filename: sub/w.bin, uri: "HUB/w.bin"}, {filename: there.bin, uri: "HUB/nothing"}]',
      'there.bin': 'here already',
    })
    assert.equal(node.registry.find('a')?.contextSize, undefined)
    await node.setup.install.start()
    assert.deepEqual(await readFile(join(node.modelsPath, 'chat.gguf')), CHAT)
    assert.equal(await readFile(join(node.modelsPath, 'sub', 'w.bin'), 'utf8'), 'weights')
    assert.equal(typeof node.registry.find('a')?.contextSize, 'number')
    const asked = node.server.requests.length
    await node.setup.install.start()
    assert.equal(node.server.requests.length, asked)
  })

  it('that cannot be had are told of, and the others come', async () => {
    const sum = '0'.repeat(64)
    await using node = await prepare({
      'a.yaml': 'name: a\nbackend: whisper\ndownload_files: [{filename: n.bin, uri: "HUB/not-there"}]',
      'b.yaml': `name: b\nbackend: whisper\ndownload_files: [{filename: s.bin, uri: "HUB/w.bin", sha256: "${sum}"}]`,
      'c.yaml': 'name: c\nbackend: whisper\ndownload_files: [{filename: f.bin, uri: "file:///etc/hostname"}]',
      'd.yaml': 'name: d\nbackend: whisper\ndownload_files: [{filename: d.bin, uri: "HUB/w.bin"}]',
    })
    await node.setup.install.start()
    assert.deepEqual(await node.names(), ['a.yaml', 'b.yaml', 'c.yaml', 'd.bin', 'd.yaml'])
    assert.equal(node.errors().length, 3)
    assert.match(String(node.errors()[1]), /[Cc]hecksum|SHA|sha/)
  })
})

describe('models to preload', { timeout: 60_000 }, () => {
  it('[CLI-PRELOAD-MODELS] are installed from JSON, with what comes on top', async () => {
    const requests = [
      {
        url: 'HUB/base.yaml',
        name: 'ears',
        overrides: { threads: 3 },
        files: [{ filename: 'w.bin', uri: 'HUB/w.bin' }],
      },
      { config_file: { backend: 'piper' }, name: 'mouth' },
    ]
    await using node = await prepare({}, { preloadModels: JSON.stringify(requests) })
    await node.setup.install.start()
    assert.equal(node.registry.find('ears')?.threads, 3)
    assert.equal(node.registry.find('ears')?.backend, 'whisper')
    assert.equal(node.registry.find('mouth')?.backend, 'piper')
    assert.ok((await node.names()).includes('w.bin'))
  })

  it('[CLI-PRELOAD-MODELS-CONFIG] and from a YAML file', async () => {
    await using other = await prepare({ 'list.txt': '- {config_file: {backend: piper}, name: mouth}' })
    const preloadModelsConfig = join(other.modelsPath, 'list.txt')
    await using node = await prepare({}, { preloadModelsConfig })
    await node.setup.install.start()
    assert.equal(node.registry.find('mouth')?.backend, 'piper')
  })

  it('end the start when one of them fails, or the list makes no sense', async () => {
    const wrong: readonly (readonly [Partial<RunSettings>, RegExp])[] = [
      [{ preloadModels: '["x"]' }, /--preload-models is not a list of models: entry 1 of its list is no block of keys/],
      [{ preloadModels: '[{"name":"x"}]' }, /--preload-models, entry 1: id, url or config_file is missing/],
      [{ preloadModels: '[' }, /--preload-models is not a list of models: /],
      [{ preloadModels: '[{"id":"nobody-has-this-model"}]' }, /nobody-has-this-model/],
      [{ preloadModelsConfig: '/nowhere/list.yaml' }, /list\.yaml cannot be read \(ENOENT\)/],
    ]
    for (const [given, message] of wrong) {
      await using node = await prepare({}, given)
      await assert.rejects(node.setup.install.start(), message)
    }
  })
})

describe('models to load', { timeout: 60_000 }, () => {
  it('[CLI-LOAD-TO-MEMORY] are loaded by any of their names, and a name that nobody has ends the start', async () => {
    const files = { 'a.yaml': '- {name: a, backend: whisper}\n- {name: b, alias: a}' }
    await using node = await prepare(files, { loadToMemory: ['b'] })
    await node.setup.load.start()
    assert.deepEqual(node.loaded, ['a'])
    await using other = await prepare(files, { loadToMemory: ['c'] })
    await assert.rejects(other.setup.load.start(), /--load-to-memory: there is no model "c"/)
  })
})
