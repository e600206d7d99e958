import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { type Catalog, createCatalog } from '../../src/gallery/catalog.ts'
import { createDownloads } from '../../src/gallery/download/create-downloads.ts'
import type { GallerySource } from '../../src/gallery/gallery-entry.ts'
import { createModelInstaller, type ModelInstaller } from '../../src/gallery/install-model.ts'
import { createModelRemover } from '../../src/gallery/remove-model.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { type FileServer, type Handler, sendFile, startFileServer } from '../support/file-server.ts'
import { tinyChat, tinyLlama } from '../support/tiny-models.ts'

const CHAT = await readFile(tinyChat())
const LLAMA = await readFile(await tinyLlama())
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const log = createLogger({ level: 'silent', format: 'json' })

interface Node extends AsyncDisposable {
  readonly server: FileServer
  /** What the server has, by path; anything else is 404. */
  readonly served: Map<string, Buffer>
  readonly root: string
  readonly modelsPath: string
  readonly installer: ModelInstaller
  readonly catalog: Catalog
  readonly reloads: () => number
  /** Moves the clock that the catalogue sees. */
  readonly later: (ms: number) => void
  files(): Promise<string[]>
  yaml(name: string): Promise<Record<string, unknown>>
}

interface NodeInit {
  /** Text of the gallery on this machine; `HUB` stands for the server's address. */
  readonly gallery?: string
  readonly galleries?: (origin: string) => readonly GallerySource[]
}

async function startNode(init: NodeInit = {}): Promise<Node> {
  const served = new Map<string, Buffer>()
  const handler: Handler = (request, response) => {
    const body = served.get(new URL(request.url ?? '', 'http://x').pathname)
    if (body === undefined) response.writeHead(404).end()
    else sendFile(request, response, { body, etag: `"${sha256(body)}"` })
  }
  const server = await startFileServer(handler)
  const root = await mkdtemp(join(tmpdir(), 'local-ai-install-'))
  const modelsPath = join(root, 'models')
  const index = join(root, 'index.yaml')
  await writeFile(index, (init.gallery ?? '[]').replaceAll('HUB', server.origin))
  const downloads = createDownloads({
    hubEndpoint: server.origin,
    http: { retryDelayMs: 1, maxRetryDelayMs: 2, maxAttempts: 2, allowPrivateAddresses: true },
    packages: { clients: { npm: [], pypi: [] } },
  })
  let clockMs = 0
  const catalog = createCatalog(
    { log, http: downloads.http, now: () => clockMs },
    {
      galleries: [{ name: 'local', url: index }, ...(init.galleries?.(server.origin) ?? [])],
      hubEndpoint: server.origin,
    },
  )
  let reloads = 0
  const registry = {
    async reload() {
      reloads += 1
    },
  }
  const installer = createModelInstaller(
    { log, catalog, fetcher: downloads.fetcher, http: downloads.http, images: downloads.images, registry },
    { modelsPath, hubEndpoint: server.origin },
  )
  return {
    server,
    served,
    root,
    modelsPath,
    installer,
    catalog,
    reloads: () => reloads,
    later: (ms) => {
      clockMs += ms
    },
    files: async () => (await readdir(modelsPath).catch(() => [])).toSorted(),
    yaml: async (name) => parse(await readFile(join(modelsPath, name), 'utf8')) as Record<string, unknown>,
    async [Symbol.asyncDispose]() {
      await downloads.close()
      await server[Symbol.asyncDispose]()
      await rm(root, { recursive: true, force: true })
    },
  }
}

describe('installing from a URI', () => {
  it('brings a file of the hub, writes its YAML and its record, and tells the registry', async () => {
    await using node = await startNode()
    node.served.set('/o/r/resolve/main/sub/tiny.Q8_0.gguf', CHAT)
    const installed = await node.installer.install('hf://o/r/sub/tiny.Q8_0.gguf')
    assert.deepEqual(installed, {
      name: 'tiny.Q8_0',
      files: ['tiny.Q8_0.gguf'],
      configFile: join(node.modelsPath, 'tiny.Q8_0.yaml'),
    })
    assert.deepEqual(await node.files(), ['._gallery_tiny.Q8_0.yaml', 'tiny.Q8_0.gguf', 'tiny.Q8_0.yaml'])
    assert.deepEqual(await node.yaml('tiny.Q8_0.yaml'), {
      name: 'tiny.Q8_0',
      backend: 'llama-cpp',
      parameters: { model: 'tiny.Q8_0.gguf' },
    })
    const record = await node.yaml('._gallery_tiny.Q8_0.yaml')
    assert.deepEqual(record['files'], [
      { filename: 'tiny.Q8_0.gguf', uri: 'huggingface://o/r/sub/tiny.Q8_0.gguf', sha256: sha256(CHAT) },
    ])
    assert.equal(node.reloads(), 1)
  })

  it('asks the network for nothing the second time, and keeps an edited YAML', async () => {
    await using node = await startNode()
    node.served.set('/m.gguf', CHAT)
    const uri = `${node.server.origin}/m.gguf?token=secret`
    await node.installer.install(uri, { name: 'mine' })
    await writeFile(join(node.modelsPath, 'mine.yaml'), 'name: mine\ncontext_size: 64\nparameters: {model: m.gguf}\n')
    const again = await node.installer.install(uri, { name: 'mine' })
    assert.equal(again.name, 'mine')
    assert.equal(node.server.requests.length, 1)
    assert.equal((await node.yaml('mine.yaml'))['context_size'], 64)
    assert.ok(!(await readFile(join(node.modelsPath, '._gallery_mine.yaml'), 'utf8')).includes('secret'))
  })

  it('refuses another model of a name that is taken, and another file of a name that is', async () => {
    await using node = await startNode()
    node.served.set('/a/r/resolve/main/m.gguf', CHAT)
    node.served.set('/b/r/resolve/main/m.gguf', LLAMA)
    await node.installer.install('hf://a/r/m.gguf')
    await assert.rejects(node.installer.install('hf://b/r/m.gguf'), {
      code: 'download.refused',
      message: 'a model named "m" is there already (from huggingface://a/r/m.gguf): choose another name',
    })
    await assert.rejects(node.installer.install('hf://b/r/m.gguf', { name: 'other' }), {
      code: 'download.refused',
      message: /another "m\.gguf", from huggingface:\/\/a\/r/,
    })
    assert.deepEqual(await readFile(join(node.modelsPath, 'm.gguf')), CHAT)
  })

  it('refuses it also when both come at the same time: none runs on the weights of the other', async () => {
    await using node = await startNode()
    node.served.set('/a/r/resolve/main/m.gguf', CHAT)
    node.served.set('/b/r/resolve/main/m.gguf', LLAMA)
    const both = await Promise.allSettled([
      node.installer.install('hf://a/r/m.gguf', { name: 'one' }),
      node.installer.install('hf://b/r/m.gguf', { name: 'two' }),
    ])
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    const isOne = both[0].status === 'fulfilled'
    assert.deepEqual(await readFile(join(node.modelsPath, 'm.gguf')), isOne ? CHAT : LLAMA)
    const [there, refused] = isOne ? ['one', 'two'] : ['two', 'one']
    assert.deepEqual(await node.files(), [`._gallery_${there}.yaml`, 'm.gguf', `${there}.yaml`].toSorted())
    await assert.rejects(node.installer.install(`hf://${isOne ? 'b' : 'a'}/r/m.gguf`, { name: refused }), {
      message: /another "m\.gguf", from/,
    })
  })

  it('leaves nothing of a model that is broken', async () => {
    await using node = await startNode()
    node.served.set('/o/r/resolve/main/cut.gguf', CHAT.subarray(0, 100_000))
    node.served.set('/o/r/resolve/main/page.gguf', Buffer.from('<html>not found</html>'))
    for (const name of ['cut', 'page']) {
      await assert.rejects(node.installer.install(`hf://o/r/${name}.gguf`), {
        code: 'model.file-invalid',
        message: new RegExp(`^${name}\\.gguf is not a usable model: `),
      })
    }
    assert.deepEqual(await node.files(), [])
    assert.equal(node.reloads(), 0)
  })

  it('leaves only what can be gone on from when it is cancelled', async () => {
    await using node = await startNode()
    const stop = new AbortController()
    node.server.answer((_request, response) => {
      response.writeHead(200, { 'content-length': CHAT.length, etag: '"x"' })
      response.write(CHAT.subarray(0, 300_000))
    })
    const onProgress = ({ receivedBytes }: { receivedBytes: number }): void => {
      if (receivedBytes > 200_000) stop.abort(new Error('stopped'))
    }
    const install = node.installer.install('hf://o/r/m.gguf', { signal: stop.signal, onProgress })
    await assert.rejects(install, { message: 'stopped' })
    assert.deepEqual(await node.files(), ['m.gguf.partial', 'm.gguf.partial.json'])
  })

  it('makes one install of two at the same time', async () => {
    await using node = await startNode()
    node.served.set('/o/r/resolve/main/m.gguf', CHAT)
    const [one, two] = await Promise.all([
      node.installer.install('hf://o/r/m.gguf'),
      node.installer.install('hf://o/r/m.gguf'),
    ])
    assert.deepEqual(one, two)
    assert.equal(node.server.requests.length, 1)
  })

  it('refuses what is no model and no configuration', async () => {
    await using node = await startNode()
    await assert.rejects(node.installer.install('hf://o/r/model.safetensors'), { code: 'download.refused' })
    assert.equal(node.server.requests.length, 0)
  })

  it('fetches all parts of a model in several files and looks at them when all are there', async () => {
    await using node = await startNode()
    const path = (part: number): string => `/o/r/resolve/main/big-0000${part}-of-00002.gguf`
    node.served.set(path(1), CHAT.subarray(0, 1000))
    node.served.set(path(2), CHAT)
    await assert.rejects(node.installer.install('hf://o/r/big-00001-of-00002.gguf'), { code: 'model.file-invalid' })
    assert.ok((await node.files()).every((name) => /\.partial(?:\.json)?$/.test(name)))
    node.served.set(path(1), CHAT)
    const installed = await node.installer.install('hf://o/r/big-00001-of-00002.gguf')
    assert.equal(installed.name, 'big')
    assert.deepEqual(installed.files, ['big-00001-of-00002.gguf', 'big-00002-of-00002.gguf'])
  })
})

describe('installing a file of this machine', () => {
  it('takes a model from elsewhere into the folder, whole', async () => {
    await using node = await startNode()
    const outside = join(node.root, 'outside.gguf')
    await copyFile(tinyChat(), outside)
    const { name } = await node.installer.install(outside)
    assert.equal(name, 'outside')
    assert.deepEqual(await readFile(join(node.modelsPath, 'outside.gguf')), CHAT)
    assert.equal((await stat(outside)).size, CHAT.length)
  })

  it('only writes a YAML for one that is in the folder already', async () => {
    await using node = await startNode()
    await mkdir(node.modelsPath)
    await copyFile(tinyChat(), join(node.modelsPath, 'here.gguf'))
    const byName = await node.installer.install('here.gguf')
    assert.deepEqual(byName.files, [])
    assert.deepEqual(await node.installer.install(join(node.modelsPath, 'here.gguf')), byName)
    assert.deepEqual((await node.yaml('here.yaml'))['parameters'], { model: 'here.gguf' })
  })

  it('reads a configuration and brings the files it names', async () => {
    await using node = await startNode()
    node.served.set('/o/r/resolve/main/m.gguf', CHAT)
    const config = join(node.root, 'some.yaml')
    await writeFile(config, 'name: configured\ncontext_size: 128\nparameters:\n  model: huggingface://o/r/m.gguf\n')
    const installed = await node.installer.install(config)
    assert.deepEqual(installed.files, ['m.gguf'])
    const written = await node.yaml('configured.yaml')
    assert.equal(written['context_size'], 128)
    assert.deepEqual(written['parameters'], { model: 'm.gguf' })
  })

  it('refuses it for callers from the network', async () => {
    await using node = await startNode()
    await assert.rejects(node.installer.install(tinyChat(), { overNetwork: true }), { code: 'download.refused' })
    assert.equal(existsSync(node.modelsPath), false)
  })

  it('says when there is none', async () => {
    await using node = await startNode()
    await assert.rejects(node.installer.install('./no-such.gguf'), {
      code: 'download.failed',
      message: /there is no file .*no-such\.gguf/,
    })
  })
})

describe('installing from a gallery', () => {
  const gallery = `
- name: Tiny/Chat
  description: small
  config_file: { context_size: 100, parameters: { temperature: 0.5 } }
  overrides: { parameters: { model: chat.gguf } }
  files:
    - filename: chat.gguf
      sha256: ${sha256(CHAT)}
      sources: ["hf://gone/r/chat.gguf", "pypi://nothing@1.0/chat.gguf", "HUB/mirror/chat.gguf"]
- name: two-files
  overrides: { parameters: { model: sub/a.gguf }, mmproj: tiny.gguf }
  files:
    - { filename: sub/a.gguf, sha256: ${sha256(CHAT)}, uri: "HUB/a.gguf" }
    - { filename: tiny.gguf, sha256: ${sha256(LLAMA)}, uri: "HUB/b.gguf" }
- name: same-files
  overrides: { parameters: { model: tiny.gguf }, mmproj: sub/a.gguf }
  files:
    - { filename: tiny.gguf, sha256: ${sha256(LLAMA)}, uri: "HUB/b.gguf" }
    - { filename: sub/a.gguf, sha256: ${sha256(CHAT)}, uri: "HUB/a.gguf" }
- name: nowhere
  overrides: { parameters: { model: x.gguf } }
  files: [{ filename: x.gguf, sources: ["hf://o/r/x.gguf", "npm://x@1.0.0/x.gguf"] }]
`

  it('tries the sources in order, merges the configuration and notes what was used', async () => {
    await using node = await startNode({ gallery })
    node.served.set('/mirror/chat.gguf', CHAT)
    const installed = await node.installer.install('LOCAL@tiny__chat')
    assert.equal(installed.name, 'Tiny__Chat')
    assert.deepEqual(await node.yaml('Tiny__Chat.yaml'), {
      name: 'Tiny__Chat',
      context_size: 100,
      parameters: { temperature: 0.5, model: 'chat.gguf' },
    })
    const record = await node.yaml('._gallery_Tiny__Chat.yaml')
    assert.equal(record['reference'], 'local@Tiny/Chat')
    assert.match(JSON.stringify(record['files']), /mirror\/chat\.gguf/)
    const listed = await node.installer.list()
    assert.deepEqual(
      listed.map(({ name, installed: there }) => [name, there]),
      [
        ['Tiny/Chat', true],
        ['two-files', false],
        ['same-files', false],
        ['nowhere', false],
      ],
    )
  })

  it('says of every source what was wrong when none works', async () => {
    await using node = await startNode({ gallery })
    await assert.rejects(node.installer.install('nowhere'), ({ message }: Error) => {
      return /none of the 2 sources of x\.gguf works/.test(message) && /404/.test(message) && /needs npm/.test(message)
    })
    assert.deepEqual(await node.files(), [])
  })

  it('names no file before all are there, and needs to fetch none twice', async () => {
    await using node = await startNode({ gallery })
    node.served.set('/a.gguf', CHAT)
    await assert.rejects(node.installer.install('two-files'), { code: 'download.failed' })
    assert.deepEqual(await node.files(), ['sub'])
    assert.deepEqual((await readdir(join(node.modelsPath, 'sub'))).toSorted(), [
      'a.gguf.partial',
      'a.gguf.partial.json',
    ])
    node.served.set('/b.gguf', LLAMA)
    await node.installer.install('two-files')
    assert.deepEqual(
      node.server.requests.map(({ path }) => path),
      ['/a.gguf', '/b.gguf', '/b.gguf'],
    )
    assert.deepEqual(await readFile(join(node.modelsPath, 'sub', 'a.gguf')), CHAT)
  })

  it('brings two models with the same files at the same time, in whatever order they name them', async () => {
    await using node = await startNode({ gallery })
    node.served.set('/a.gguf', CHAT)
    node.served.set('/b.gguf', LLAMA)
    const options = { signal: AbortSignal.timeout(20_000) }
    await Promise.all(['two-files', 'same-files'].map((name) => node.installer.install(name, options)))
    assert.deepEqual(await node.files(), [
      ...['._gallery_same-files.yaml', '._gallery_two-files.yaml'],
      ...['same-files.yaml', 'sub', 'tiny.gguf', 'two-files.yaml'],
    ])
  })

  it('does not put its file in the place of one of another model, and takes it when it is the same', async () => {
    await using node = await startNode({
      gallery: `
- name: first
  overrides: { parameters: { model: model.gguf } }
  files: [{ filename: model.gguf, sha256: ${sha256(CHAT)}, uri: "HUB/first/model.gguf" }]
- name: second
  overrides: { parameters: { model: model.gguf } }
  files: [{ filename: model.gguf, sha256: ${sha256(LLAMA)}, uri: "HUB/second/model.gguf" }]
- name: same
  overrides: { parameters: { model: model.gguf } }
  files: [{ filename: model.gguf, sha256: ${sha256(CHAT)}, uri: "HUB/same/model.gguf" }]
`,
    })
    node.served.set('/first/model.gguf', CHAT)
    node.served.set('/second/model.gguf', LLAMA)
    await node.installer.install('first')
    await assert.rejects(node.installer.install('second'), {
      code: 'download.refused',
      message: /another "model\.gguf", from .*\/first\/model\.gguf/,
    })
    assert.deepEqual(await readFile(join(node.modelsPath, 'model.gguf')), CHAT)
    await node.installer.install('same')
    await writeFile(join(node.modelsPath, 'model.gguf'), 'damaged')
    await node.installer.install('first')
    assert.deepEqual(await readFile(join(node.modelsPath, 'model.gguf')), CHAT)
    // Nobody uses it any more.
    for (const name of ['first.yaml', 'same.yaml']) await rm(join(node.modelsPath, name))
    await node.installer.install('second')
    assert.deepEqual(await readFile(join(node.modelsPath, 'model.gguf')), LLAMA)
  })

  it('keeps a file that another model brought and that goes meanwhile', async () => {
    await using node = await startNode({ gallery })
    const remover = createModelRemover({ log }, node)
    await mkdir(node.modelsPath)
    await writeFile(join(node.modelsPath, 'older.yaml'), 'name: older\nmmproj: sub/a.gguf\n')
    await mkdir(join(node.modelsPath, 'sub'))
    await writeFile(join(node.modelsPath, 'sub', 'a.gguf'), CHAT)
    const asked = Promise.withResolvers<ServerResponse>()
    node.server.answer((_request, response) => asked.resolve(response))
    const installing = node.installer.install('two-files')
    // It has found the one file there, and waits for the other.
    const response = await asked.promise
    await remover.remove('older')
    response.end(LLAMA)
    await installing
    assert.deepEqual(await readFile(join(node.modelsPath, 'sub', 'a.gguf')), CHAT)
    assert.equal(existsSync(join(node.modelsPath, 'older.yaml')), false)
  })

  it('suggests the nearest name for one that is not there', async () => {
    await using node = await startNode({ gallery })
    await assert.rejects(node.installer.install('two-fles'), {
      code: 'model.not-found',
      message: 'no gallery has a model "two-fles"; did you mean "two-files"?',
    })
  })
})

describe('galleries elsewhere', () => {
  const galleries = (origin: string): readonly GallerySource[] => [
    { name: 'broken', url: `${origin}/broken.yaml` },
    { name: 'far', url: `${origin}/far/index.ref` },
  ]
  const text = (value: string): Buffer => Buffer.from(value)

  it('are read through their reference file, with base configurations, and one that fails is no obstacle', async () => {
    await using node = await startNode({ galleries })
    node.served.set('/far/index.ref', text('real.yaml\n'))
    node.served.set(
      '/far/real.yaml',
      text(
        `- name: m\n  url: "${node.server.origin}/far/base.yaml"\n  overrides: { parameters: { model: m.gguf } }\n` +
          `  files: [{ filename: m.gguf, uri: "hf://o/r/m.gguf" }]\n`,
      ),
    )
    node.served.set('/far/base.yaml', text('name: base\nconfig_file: |\n  context_size: 77\n  f16: true\n'))
    node.served.set('/o/r/resolve/main/m.gguf', CHAT)
    await node.installer.install('far@m')
    assert.deepEqual(await node.yaml('m.yaml'), {
      name: 'm',
      context_size: 77,
      f16: true,
      parameters: { model: 'm.gguf' },
    })
  })

  it('are asked once an hour, and keep what they said when they are gone', async () => {
    await using node = await startNode({ galleries: (origin) => [{ name: 'far', url: `${origin}/index.yaml` }] })
    node.served.set('/index.yaml', text('- name: first\n'))
    const names = async (): Promise<string[]> => (await node.catalog.list()).map((entry) => entry.name)
    assert.deepEqual(await Promise.all([names(), names()]), [['first'], ['first']])
    node.served.set('/index.yaml', text('- name: second\n'))
    node.later(59 * 60 * 1000)
    assert.deepEqual(await names(), ['first'])
    assert.equal(node.server.requests.length, 1)
    node.later(2 * 60 * 1000)
    assert.deepEqual(await names(), ['second'])
    node.served.delete('/index.yaml')
    node.later(61 * 60 * 1000)
    assert.deepEqual(await names(), ['second'])
  })

  it('cannot bring a configuration, which may start programs, as the file of a model', async () => {
    await using node = await startNode()
    const evil = 'name: evil\nmcp:\n  stdio: \'{"mcpServers":{"x":{"command":"touch"}}}\'\n'
    node.served.set('/evil.yaml', Buffer.from(evil))
    const uri = `${node.server.origin}/evil.yaml`
    const config = { name: 'carrier', parameters: { model: 'tiny.gguf' } }
    for (const filename of ['evil.yaml', 'EVIL.YML', 'evil.yaml. ', '._gallery_evil.yaml', '.evil', 'evil.yaml:x']) {
      const install = node.installer.install({ config }, { overNetwork: true, files: [{ filename, uri }] })
      await assert.rejects(install, /is no name for a file of a model/, filename)
    }
    const asModel = { ...config, parameters: { model: uri } }
    await assert.rejects(node.installer.install({ config: asModel }, { overNetwork: true }), /is no name for a file/)
    assert.deepEqual(await node.files(), [])
  })

  it('cannot make this node read its own files', async () => {
    await using node = await startNode({ galleries: (origin) => [{ name: 'far', url: `${origin}/index.yaml` }] })
    const index =
      `- name: thief\n  overrides: { parameters: { model: x.gguf } }\n  files: [{ filename: x.gguf, uri: "${tinyChat()}" }]\n` +
      `- name: reader\n  url: file://${tinyChat()}\n`
    node.served.set('/index.yaml', text(index))
    for (const name of ['thief', 'reader']) {
      await assert.rejects(node.installer.install(name), { code: 'download.refused', message: /remote gallery/ })
    }
    assert.deepEqual(await node.files(), [])
  })
})
