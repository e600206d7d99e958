import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { createCatalog } from '../../src/gallery/catalog.ts'
import { createDownloads } from '../../src/gallery/download/create-downloads.ts'
import { createModelInstaller, type InstallProgress, type ModelInstaller } from '../../src/gallery/install-model.ts'
import { createModelFiles, type ModelFiles } from '../../src/gallery/model-files.ts'
import { writeOciImage } from '../../src/gallery/oci/write-oci-image.ts'
import { createModelRegistry } from '../../src/models/create-model-registry.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { makeTarGz, type TarMember } from '../support/archives.ts'
import {
  digestOf,
  type ImageRegistry,
  LAYER,
  type RegistryInit,
  startImageRegistry,
} from '../support/image-registry.ts'
import { tinyChat, tinyLlama } from '../support/tiny-models.ts'

const CHAT = await readFile(tinyChat())
const LLAMA = await readFile(await tinyLlama())
const MODEL = 'application/vnd.ollama.image.model'
const log = createLogger({ level: 'silent', format: 'json' })
const yamlOf = (value: unknown): TarMember => ({ path: 'model.yaml', body: Buffer.from(JSON.stringify(value)) })

interface Node extends AsyncDisposable {
  readonly registry: ImageRegistry
  readonly root: string
  readonly modelsPath: string
  readonly installer: ModelInstaller
  readonly modelFiles: ModelFiles
  files(): Promise<string[]>
  yaml(name: string): Promise<Record<string, unknown>>
  read(name: string): Promise<Buffer>
}

async function startNode(init: RegistryInit = {}, gallery = '[]'): Promise<Node> {
  const registry = await startImageRegistry(init)
  const root = await mkdtemp(join(tmpdir(), 'local-ai-image-models-'))
  const modelsPath = join(root, 'models')
  const index = join(root, 'index.yaml')
  await mkdir(modelsPath)
  await writeFile(index, gallery.replaceAll('REGISTRY', registry.host))
  const hubEndpoint = 'https://hub.example'
  const downloads = createDownloads({
    hubEndpoint,
    http: { retryDelayMs: 1, maxRetryDelayMs: 2, maxAttempts: 2, allowPrivateAddresses: true },
    platform: { os: 'linux', architecture: 'amd64' },
  })
  const { http, fetcher, images } = downloads
  const catalog = createCatalog({ log, http }, { galleries: [{ name: 'own', url: index }], hubEndpoint })
  return {
    registry,
    root,
    modelsPath,
    installer: createModelInstaller({ log, catalog, fetcher, http, images }, { modelsPath, hubEndpoint }),
    modelFiles: createModelFiles({ log, fetcher, scan: async () => {} }, { modelsPath }),
    files: async () => (await readdir(modelsPath, { recursive: true })).toSorted(),
    yaml: async (name) => parse(await readFile(join(modelsPath, name), 'utf8')) as Record<string, unknown>,
    read: async (name) => await readFile(join(modelsPath, name)),
    async [Symbol.asyncDispose]() {
      await downloads.close()
      await registry[Symbol.asyncDispose]()
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** As Ollama's registry has it. */
function pushOllama(registry: ImageRegistry, name: string, model: Buffer): void {
  registry.image(name, [
    registry.blob(model, MODEL),
    registry.blob('{{ .Prompt }}', 'application/vnd.ollama.image.template'),
    registry.blob('MIT', 'application/vnd.ollama.image.license'),
  ])
}

describe('a model of Ollama', () => {
  it('is the layer that is the model, under the name that LocalAI gives it', async () => {
    await using node = await startNode({ realm: 'SELF/token' })
    pushOllama(node.registry, 'library/tiny:q8', CHAT)
    const seen: InstallProgress[] = []
    const uri = `ollama://${node.registry.host}/library/tiny:q8`
    const installed = await node.installer.install(uri, { onProgress: (progress) => seen.push(progress) })
    const file = `${node.registry.host.replace(':', '__')}__library__tiny__q8.gguf`
    assert.deepEqual([installed.name, installed.files], ['tiny:q8', [file]])
    assert.deepEqual(await node.files(), ['._gallery_tiny:q8.yaml', file, 'tiny:q8.yaml'].toSorted())
    assert.ok((await node.read(file)).equals(CHAT))
    assert.equal(seen.at(-1)?.fraction, 1)
    const record = await node.yaml('._gallery_tiny:q8.yaml')
    assert.deepEqual(record['files'], [{ filename: file, uri, sha256: digestOf(CHAT).slice(7) }])
    const before = node.registry.requests.length
    await node.installer.install(uri)
    assert.equal(node.registry.requests.length, before)
  })

  it('goes on where its transfer was cut', async () => {
    let sending: ServerResponse | undefined
    await using node = await startNode({
      before(request, response) {
        if (sending !== undefined || request.url?.includes('/blobs/') !== true) return false
        sending = response
        response.writeHead(200, { 'content-length': CHAT.length })
        response.write(CHAT.subarray(0, 400_000))
        return true
      },
    })
    pushOllama(node.registry, 'library/tiny:latest', CHAT)
    await node.installer.install(`ollama://${node.registry.host}/library/tiny`, {
      name: 'tiny',
      onProgress({ receivedBytes }) {
        if (receivedBytes > 0) sending?.destroy()
      },
    })
    assert.match(node.registry.requests.at(-1)?.headers.range ?? '', /^bytes=[1-9]\d*-$/)
    assert.equal(node.registry.requests.filter(({ path }) => path.includes('/blobs/')).length, 2)
  })

  it('is refused when it is no model, or another one than the manifest says', async () => {
    await using node = await startNode()
    node.registry.image('library/none:latest', [node.registry.blob('x', 'application/vnd.ollama.image.template')])
    pushOllama(node.registry, 'library/text:latest', Buffer.from('no model'))
    pushOllama(node.registry, 'library/other:latest', CHAT)
    node.registry.blobs.set(digestOf(CHAT), LLAMA.subarray(0, CHAT.length))
    const place = `ollama://${node.registry.host}/library`
    await assert.rejects(node.installer.install(`${place}/none`), { message: /has no model in GGUF form/ })
    await assert.rejects(node.installer.install(`${place}/text`), { code: 'model.file-invalid' })
    await assert.rejects(node.installer.install(`${place}/other`), { code: /^download\./ })
    await assert.rejects(node.installer.install(`${place}/gone`), { message: /\(status 404\)/ })
    assert.deepEqual(await node.files(), [])
  })

  it('may be the file of a gallery, and the model of a configuration', async () => {
    const gallery = `
- name: boxed
  overrides: { backend: llama-cpp, parameters: { model: boxed.gguf } }
  files: [{ filename: boxed.gguf, uri: "ollama://REGISTRY/library/tiny:q8" }]
`
    await using node = await startNode({}, gallery)
    pushOllama(node.registry, 'library/tiny:q8', CHAT)
    await node.installer.install('own@boxed', { overNetwork: true })
    assert.ok((await node.read('boxed.gguf')).equals(CHAT))
    const model = `ollama://${node.registry.host}/library/tiny:q8`
    await writeFile(join(node.modelsPath, 'named.yaml'), JSON.stringify({ name: 'named', parameters: { model } }))
    const registry = createModelRegistry({ log }, { modelsPath: node.modelsPath })
    await registry.start()
    const config = registry.find('named')
    await registry.stop()
    assert.ok(config !== undefined)
    const [file = ''] = await node.modelFiles.fetchMissing(config)
    assert.match(file, /^127\.0\.0\.1__\d+__library__tiny__q8\.gguf$/)
    assert.equal(config.modelFile, join(node.modelsPath, file))
    assert.ok((await node.read(file)).equals(CHAT))
  })
})

describe('a model in an image', () => {
  const members = (model: string): readonly TarMember[] => [
    yamlOf({ name: 'boxed', context_size: 64, parameters: { model } }),
    { path: model, body: CHAT },
    { path: 'data/tokens.txt', body: Buffer.from('a b') },
    { path: '.hidden', body: Buffer.from('x') },
    { path: 'link.gguf', type: 'SymbolicLink', linkpath: model },
  ]

  it('is installed as its configuration says, with the files beside it', async () => {
    await using node = await startNode({ realm: 'SELF/token' })
    node.registry.image('o/boxed:v1', [node.registry.blob(makeTarGz(members('m.gguf')), LAYER)])
    const uri = `oci://${node.registry.host}/o/boxed:v1`
    const seen: InstallProgress[] = []
    const installed = await node.installer.install(uri, {
      overNetwork: true,
      onProgress: (progress) => seen.push(progress),
    })
    assert.deepEqual([installed.name, installed.files], ['boxed', ['data/tokens.txt', 'm.gguf']])
    assert.deepEqual(await node.files(), ['._gallery_boxed.yaml', 'boxed.yaml', 'data', 'data/tokens.txt', 'm.gguf'])
    assert.equal((await node.yaml('boxed.yaml'))['context_size'], 64)
    assert.ok((await node.read('m.gguf')).equals(CHAT))
    assert.ok(seen.some(({ file }) => file === uri))
    const { files } = (await node.yaml('._gallery_boxed.yaml')) as { files: { uri: string }[] }
    assert.deepEqual(
      files.map((file) => file.uri),
      [`${uri}#data/tokens.txt`, `${uri}#m.gguf`],
    )
  })

  it('is not fetched again when it is there, and is when a file is missing', async () => {
    await using node = await startNode()
    node.registry.image('o/boxed:v1', [node.registry.blob(makeTarGz(members('m.gguf')), LAYER)])
    const uri = `oci://${node.registry.host}/o/boxed:v1`
    await node.installer.install(uri)
    const before = node.registry.requests.length
    await writeFile(join(node.modelsPath, 'boxed.yaml'), 'name: boxed\ncontext_size: 32\nparameters: {model: m.gguf}\n')
    assert.equal((await node.installer.install(uri)).name, 'boxed')
    assert.equal(node.registry.requests.length, before)
    await rm(join(node.modelsPath, 'm.gguf'))
    await node.installer.install(uri)
    assert.ok(node.registry.requests.length > before)
    assert.ok((await node.read('m.gguf')).equals(CHAT))
    assert.equal((await node.yaml('boxed.yaml'))['context_size'], 32)
    await node.installer.install(uri, { overrides: { context_size: 16 } })
    assert.equal((await node.yaml('boxed.yaml'))['context_size'], 16)
  })

  it('needs no configuration when it is one model', async () => {
    await using node = await startNode()
    node.registry.image('o/tiny:v1', [node.registry.blob(makeTarGz([{ path: 'deep/m.gguf', body: CHAT }]), LAYER)])
    const installed = await node.installer.install(`${node.registry.host}/o/tiny:v1`.replace(/^/, 'oci://'))
    assert.deepEqual([installed.name, installed.files], ['tiny:v1', ['m.gguf']])
    assert.deepEqual(await node.files(), ['._gallery_tiny:v1.yaml', 'm.gguf', 'tiny:v1.yaml'])
  })

  it('may be in files of their own, of which only those that are needed are fetched', async () => {
    await using node = await startNode()
    const { registry } = node
    const named = (bytes: Buffer | string, name: string): ReturnType<ImageRegistry['blob']> =>
      registry.blob(bytes, 'application/octet-stream', { 'org.opencontainers.image.title': name })
    const readme = named('# read me', 'README.md')
    registry.image('o/files:v1', [named(CHAT, 'm.Q4_K_M.gguf'), named(LLAMA, 'm.Q8_0.gguf'), readme])
    const uri = `oci://${registry.host}/o/files:v1`
    const installed = await node.installer.install(uri)
    assert.deepEqual(installed.files, ['m.Q4_K_M.gguf'])
    assert.equal(registry.requests.filter(({ path }) => path.includes('/blobs/')).length, 1)
    await node.installer.install(uri, { name: 'q8', preferences: { quantizations: ['q8_0'] } })
    assert.ok((await node.read('m.Q8_0.gguf')).equals(LLAMA))
    await node.installer.install(`${uri}#m.Q8_0.gguf`, { name: 'same' })
    await assert.rejects(node.installer.install(`${uri}#none.gguf`), { message: /has no "none\.gguf": it has m\.Q4/ })
    registry.image('ai/docker:v1', [registry.blob(CHAT, 'application/vnd.docker.ai.gguf.v3')])
    const docker = await node.installer.install(`oci://${registry.host}/ai/docker:v1`)
    assert.deepEqual(docker.files, [`${registry.host.replace(':', '__')}__ai__docker__v1.gguf`])
  })

  it('may be in an archive that this program has written, for whatever machine', async () => {
    await using node = await startNode()
    const folder = join(node.root, 'made-here')
    await mkdir(folder)
    await writeFile(join(folder, 'tiny.yaml'), 'name: packed\nparameters: {model: tiny.gguf}\n')
    await writeFile(join(folder, 'tiny.gguf'), CHAT)
    const output = join(node.root, 'packed.tar')
    await writeOciImage({ inputs: [`${folder}/.`], output, imageName: 'x', platform: 'windows/arm64' })
    await assert.rejects(node.installer.install(`ocifile://${output}`, { overNetwork: true }), {
      code: 'download.refused',
      message: /files of this machine cannot be installed over the network/,
    })
    const installed = await node.installer.install(`ocifile://${output}`)
    assert.deepEqual([installed.name, installed.files], ['packed', ['tiny.gguf']])
    assert.deepEqual(await node.files(), ['._gallery_packed.yaml', 'packed.yaml', 'tiny.gguf'])
  })

  const hostile: readonly (readonly [string, readonly TarMember[], object])[] = [
    [
      'brings commands',
      [yamlOf({ name: 'x', mcp: { stdio: JSON.stringify({ mcpServers: { a: { command: 'sh' } } }) } })],
      { code: 'model.config-invalid', message: /starts programs/ },
    ],
    [
      'names files of this machine',
      [yamlOf({ name: 'x', download_files: [{ filename: 'a', uri: 'file:///etc/hostname' }] })],
      { code: 'download.refused', message: /files of this machine/ },
    ],
    [
      'names a package',
      [yamlOf({ name: 'x', parameters: { model: 'npm://p@1.0.0/m.gguf' } })],
      { code: 'download.refused', message: /packages are installed with/ },
    ],
    [
      'has a model elsewhere',
      [yamlOf({ name: 'x', parameters: { model: '../../m.gguf' } })],
      { code: 'download.refused' },
    ],
    [
      'has two configurations',
      [yamlOf({ name: 'x' }), { path: 'other.yml' }],
      { message: /more than one configuration/ },
    ],
    [
      'has neither configuration nor model',
      [{ path: 'a' }],
      { message: /neither a configuration nor a model.*it has a$/ },
    ],
    ['has nothing at all', [], { message: /neither a configuration nor a model.*it has no files$/ }],
    [
      'is a whole system',
      [yamlOf({ name: 'x' }), ...Array.from({ length: 257 }, (_, index) => ({ path: `f${index}` }))],
      { message: /more than 256 files/ },
    ],
    ['has a broken model', [{ path: 'm.gguf', body: Buffer.from('GGUF') }], { code: 'model.file-invalid' }],
    ['leaves its folder', [{ path: '../m.gguf', body: CHAT }], { message: /leads out of its folder/ }],
    [
      'has a model that is a link',
      [yamlOf({ name: 'x' }), { path: 'm.gguf', type: 'SymbolicLink', linkpath: '../../../secret' }],
      { message: /leads out of it/ },
    ],
  ]
  for (const [what, layer, expected] of hostile) {
    it(`is refused when it ${what}`, async () => {
      await using node = await startNode()
      await writeFile(join(node.root, 'secret'), 'secret')
      node.registry.image('o/r:v1', [node.registry.blob(makeTarGz(layer), LAYER)])
      await assert.rejects(node.installer.install(`oci://${node.registry.host}/o/r:v1`), expected)
      const left = (await node.files()).filter((name) => !/\.partial(?:\.json)?$/.test(name))
      assert.deepEqual(left, [])
      assert.equal(existsSync(join(node.root, 'm.gguf')), false)
    })
  }

  it('replaces no file of another model', async () => {
    await using node = await startNode()
    for (const name of ['one', 'two']) {
      const config = yamlOf({ name, parameters: { model: 'm.gguf' } })
      node.registry.image(`o/${name}:v1`, [
        node.registry.blob(makeTarGz([config, { path: 'm.gguf', body: CHAT }]), LAYER),
      ])
    }
    await node.installer.install(`oci://${node.registry.host}/o/one:v1`)
    await assert.rejects(node.installer.install(`oci://${node.registry.host}/o/two:v1`), {
      code: 'download.refused',
      message: /the models folder has another "m\.gguf", from oci:\/\/.*\/o\/one:v1#m\.gguf/,
    })
    assert.deepEqual(await node.files(), ['._gallery_one.yaml', 'm.gguf', 'one.yaml'])
  })

  it('may be installed twice at the same time', async () => {
    await using node = await startNode()
    node.registry.image('o/boxed:v1', [node.registry.blob(makeTarGz(members('m.gguf')), LAYER)])
    const uri = `oci://${node.registry.host}/o/boxed:v1`
    const both = await Promise.all([node.installer.install(uri), node.installer.install(uri)])
    assert.deepEqual(
      both.map(({ name }) => name),
      ['boxed', 'boxed'],
    )
    assert.deepEqual(await node.files(), ['._gallery_boxed.yaml', 'boxed.yaml', 'data', 'data/tokens.txt', 'm.gguf'])
  })
})
