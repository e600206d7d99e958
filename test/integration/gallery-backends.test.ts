import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { gpuPackages } from '../../src/gallery/backend/gpu-backend.ts'
import {
  type BackendInstaller,
  type CompiledBackend,
  createBackendInstaller,
} from '../../src/gallery/backend/install-backend.ts'
import { type MachineFacts, readMachineFacts, whyUnusable } from '../../src/gallery/backend/machine-facts.ts'
import type { ChildCommand } from '../../src/gallery/download/child-command.ts'
import { createDownloads } from '../../src/gallery/download/create-downloads.ts'
import { writeOciImage } from '../../src/gallery/oci/write-oci-image.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { makeTarGz, type TarMember } from '../support/archives.ts'
import { sendFile, startFileServer } from '../support/file-server.ts'
import { LAYER, startImageRegistry } from '../support/image-registry.ts'

const run = promisify(execFile)
const log = createLogger({ level: 'silent', format: 'json' })
const RUN: TarMember = { path: 'run.sh', body: Buffer.from('#!/bin/sh\necho "$@"\n'), mode: 0o644 }
const PLAIN: MachineFacts = {
  platform: 'linux',
  arch: 'x64',
  hasNvidiaDriver: false,
  hasGraphicsDevice: false,
  hasGlibc: true,
}

interface Place extends AsyncDisposable {
  readonly root: string
  readonly backendsPath: string
  readonly installer: BackendInstaller
  /** What the package client was asked to do. */
  readonly commands: ChildCommand[]
  readonly compiled: ReadonlySet<string>
  folders(): Promise<string[]>
  archive(members: readonly TarMember[]): Promise<string>
}

async function place(machine: Partial<MachineFacts> = {}, exitCode = 0): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'local-ai-backends-'))
  const backendsPath = join(root, 'backends')
  const commands: ChildCommand[] = []
  const compiled = new Set<string>()
  const pretended = (name: string): CompiledBackend => ({
    isInstalled: async () => compiled.has(name),
    async build({ onProgress }) {
      onProgress?.({ what: 'compiling', current: 1, total: 2 })
      compiled.add(name)
    },
    async remove() {
      compiled.delete(name)
    },
  })
  const downloads = createDownloads({
    hubEndpoint: 'https://hub.example',
    http: { allowPrivateAddresses: true, maxAttempts: 1 },
  })
  const main = join(root, 'main.mjs')
  await writeFile(
    main,
    `import name from 'node-llama-cpp'\nconsole.log(name, process.env.NODE_PATH, ...process.argv.slice(2))\n`,
  )
  const installer = createBackendInstaller(
    {
      log,
      fetcher: downloads.fetcher,
      images: downloads.images,
      machine: async () => ({ ...PLAIN, ...machine }),
      async run(command) {
        commands.push(command)
        const engine = join(command.cwd ?? '', 'node_modules', 'node-llama-cpp')
        await mkdir(engine, { recursive: true })
        await writeFile(join(engine, 'package.json'), '{"name":"node-llama-cpp","main":"index.js"}')
        await writeFile(join(engine, 'index.js'), 'module.exports = "the engine of the folder"')
        return { exitCode, output: 'npm said no' }
      },
      compiled: { 'llama-server': pretended('llama-server'), 'llama-rpc': pretended('llama-rpc') },
    },
    {
      backendsPath,
      engine: { version: '9.9.9', platform: 'linux-x64', node: process.execPath, main },
      limits: { maxBytes: 100_000, maxEntries: 20 },
    },
  )
  return {
    root,
    backendsPath,
    installer,
    commands,
    compiled,
    folders: async () => (await readdir(backendsPath).catch(() => [])).toSorted(),
    async archive(members) {
      const path = join(root, 'foreign.tar.gz')
      await writeFile(path, makeTarGz(members))
      return path
    },
    async [Symbol.asyncDispose]() {
      await downloads.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

const metadata = async (at: Place, name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(at.backendsPath, name, 'metadata.json'), 'utf8')) as Record<string, unknown>

describe('backends of others', () => {
  it('come out of an archive, in the layout of LocalAI', async () => {
    await using at = await place()
    const path = await at.archive([
      RUN,
      { path: 'lib/real.so', body: Buffer.from('x') },
      { path: 'lib/link.so', type: 'SymbolicLink', linkpath: 'real.so' },
    ])
    const installed = await at.installer.install(path)
    assert.equal(installed.name, 'foreign')
    assert.deepEqual(await at.folders(), ['foreign'])
    assert.equal(((await stat(join(at.backendsPath, 'foreign', 'run.sh'))).mode & 0o100) !== 0, true)
    assert.equal(await readFile(join(at.backendsPath, 'foreign', 'lib', 'link.so'), 'utf8'), 'x')
    const { name, uri, installed_at: when } = await metadata(at, 'foreign')
    assert.deepEqual([name, uri], ['foreign', path])
    assert.match(String(when), /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/)
    const listed = (await at.installer.list()).find((backend) => backend.name === 'foreign')
    assert.deepEqual([listed?.installed, listed?.builtIn], [true, false])
  })

  it('may be wrapped in a folder of their own, and come over HTTP', async () => {
    await using at = await place()
    const body = makeTarGz([
      { path: 'wrap', type: 'Directory', mode: 0o755 },
      { ...RUN, path: 'wrap/run.sh' },
    ])
    await using server = await startFileServer((request, response) => sendFile(request, response, { body }))
    const seen: string[] = []
    await at.installer.install(`${server.origin}/some-backend.tgz?x=1`, { onProgress: ({ what }) => seen.push(what) })
    assert.deepEqual((await readdir(join(at.backendsPath, 'some-backend'))).toSorted(), ['metadata.json', 'run.sh'])
    assert.ok(seen.every((what) => what === `fetching ${server.origin}/some-backend.tgz`))
    assert.deepEqual(await at.folders(), ['some-backend'])
  })

  it('come out of a folder, under the name that is wanted', async () => {
    await using at = await place()
    const folder = join(at.root, 'made-here')
    await mkdir(folder)
    await writeFile(join(folder, 'run.sh'), '#!/bin/sh\n')
    await at.installer.install(folder, { name: 'mine' })
    assert.deepEqual(await at.folders(), ['mine'])
  })

  it('replace an older one as a whole, or not at all', async () => {
    await using at = await place()
    await at.installer.install(await at.archive([RUN, { path: 'old', body: Buffer.from('old') }]))
    await assert.rejects(at.installer.install(await at.archive([{ path: 'new', body: Buffer.from('new') }])), {
      message: 'not a valid backend: run file not found "foreign/run.sh"',
    })
    assert.deepEqual((await readdir(join(at.backendsPath, 'foreign'))).toSorted(), ['metadata.json', 'old', 'run.sh'])
    await at.installer.install(await at.archive([RUN, { path: 'new', body: Buffer.from('new') }]))
    assert.deepEqual((await readdir(join(at.backendsPath, 'foreign'))).toSorted(), ['metadata.json', 'new', 'run.sh'])
    assert.deepEqual(await at.folders(), ['foreign'])
  })

  const hostile: readonly (readonly [string, readonly TarMember[]])[] = [
    ['a path that leaves', [RUN, { path: '../evil', body: Buffer.from('x') }]],
    ['a path that leaves later on', [RUN, { path: 'a/../../evil', body: Buffer.from('x') }]],
    ['an absolute path', [RUN, { path: '/tmp/evil', body: Buffer.from('x') }]],
    ['a link that leaves', [RUN, { path: 'a', type: 'SymbolicLink', linkpath: '../../outside' }]],
    [
      'a link that leaves through another',
      [
        RUN,
        { path: 'a/b/up', type: 'SymbolicLink', linkpath: '..' },
        { path: 'a/b/y', type: 'SymbolicLink', linkpath: 'up/../..' },
      ],
    ],
    ['an absolute link', [RUN, { path: 'a', type: 'SymbolicLink', linkpath: '/etc' }]],
    ['a hard link', [RUN, { path: 'a', type: 'Link', linkpath: 'run.sh' }]],
    ['a device', [RUN, { path: 'a', type: 'CharacterDevice' }]],
    ['too many entries', [RUN, ...Array.from({ length: 20 }, (_, index) => ({ path: `f${index}` }))]],
    ['too many bytes', [RUN, { path: 'a', body: Buffer.alloc(100_001) }]],
  ]
  for (const [what, members] of hostile) {
    it(`are refused whole for ${what}`, async () => {
      await using at = await place()
      await assert.rejects(at.installer.install(await at.archive(members)), { code: 'download.refused' })
      assert.deepEqual(await at.folders(), [])
      assert.deepEqual((await readdir(at.root)).toSorted(), ['backends', 'foreign.tar.gz', 'main.mjs'])
    })
  }

  it('are refused from a folder with a link that leaves', async () => {
    await using at = await place()
    const folder = join(at.root, 'linked')
    await mkdir(folder)
    await writeFile(join(folder, 'run.sh'), '')
    await symlink('/etc', join(folder, 'a'))
    await assert.rejects(at.installer.install(folder), { code: 'download.refused', message: /leads out of its folder/ })
    assert.deepEqual(await at.folders(), [])
  })

  it('come out of an image, under the name that is wanted', async () => {
    await using at = await place()
    await using registry = await startImageRegistry({ realm: 'SELF/token' })
    const layers = [
      [RUN, { path: 'lib/a' }],
      [{ path: 'lib/.wh.a' }, { path: 'lib/b' }],
    ]
    registry.image(
      'o/backends:latest-cpu-mine',
      layers.map((members) => registry.blob(makeTarGz(members), LAYER)),
    )
    const image = `oci://${registry.host}/o/backends:latest-cpu-mine`
    const seen: string[] = []
    const onProgress = ({ what }: { readonly what: string }): number => seen.push(what)
    await at.installer.install(image, { name: 'mine', alias: 'something', onProgress })
    assert.deepEqual(await at.folders(), ['mine'])
    assert.deepEqual((await readdir(join(at.backendsPath, 'mine'), { recursive: true })).toSorted(), [
      'lib',
      'lib/b',
      'metadata.json',
      'run.sh',
    ])
    const { uri, alias } = await metadata(at, 'mine')
    assert.deepEqual([uri, alias], [image, 'something'])
    await at.installer.install(`${registry.host}/o/backends:latest-cpu-mine`, { name: 'bare' })
    assert.equal((await metadata(at, 'bare'))['uri'], image)
    assert.deepEqual([...new Set(seen)], [`fetching ${image}`])
    await assert.rejects(at.installer.install(image), {
      code: 'config.invalid',
      message: `say what to call it: local-ai backends install ${image} NAME`,
    })
  })

  it('come out of the archive of an image', async () => {
    await using at = await place()
    const folder = join(at.root, 'made-here')
    await mkdir(folder)
    await writeFile(join(folder, 'run.sh'), '#!/bin/sh\n')
    const output = join(at.root, 'packed.tar')
    const platform = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`
    await writeOciImage({ inputs: [`${folder}/.`], output, imageName: 'x', platform })
    await at.installer.install(`ocifile://${output}`)
    assert.deepEqual(await at.folders(), ['packed'])
    await assert.rejects(at.installer.install(`ocifile://${output}`, { overNetwork: true }), {
      code: 'download.refused',
    })
  })

  it('leave nothing when their image is refused or has no program in it', async () => {
    await using at = await place()
    await using registry = await startImageRegistry()
    const hostileLayers: readonly (readonly [string, readonly TarMember[], string | RegExp])[] = [
      ['out', [RUN, { path: '../evil', body: Buffer.from('x') }], /leads out of its folder/],
      ['link', [RUN, { path: 'a', type: 'SymbolicLink', linkpath: '../..' }], /leads out of it/],
      ['many', Array.from({ length: 21 }, (_, index) => ({ path: `f${index}` })), /more than 20 entries/],
      ['nothing', [{ path: 'a' }], 'not a valid backend: run file not found "mine/run.sh"'],
    ]
    for (const [tag, members, message] of hostileLayers) {
      registry.image(`o/r:${tag}`, [registry.blob(makeTarGz(members), LAYER)])
      await assert.rejects(
        at.installer.install(`oci://${registry.host}/o/r:${tag}`, { name: 'mine' }),
        { message },
        tag,
      )
      assert.deepEqual(await at.folders(), [])
    }
  })

  it('are no models, no unknown names, and have no names of ours', async () => {
    await using at = await place()
    for (const model of ['ollama://gemma:2b', 'oci://registry.example/o/r:v1#m.gguf']) {
      await assert.rejects(at.installer.install(model, { name: 'x' }), { message: /is a model, not a backend/ }, model)
    }
    await assert.rejects(at.installer.install('whatever'), {
      code: 'backend.not-found',
      message: 'no backend found with name "whatever"',
    })
    const path = await at.archive([RUN])
    for (const name of ['llama-cpp', 'llama-cpp-cuda', '../up', '']) {
      await assert.rejects(at.installer.install(path, { name }), { code: 'config.invalid' }, name)
    }
  })

  it('go away again; ours does not', async () => {
    await using at = await place()
    await at.installer.install(await at.archive([RUN]))
    await at.installer.uninstall('foreign')
    assert.deepEqual(await at.folders(), [])
    await assert.rejects(at.installer.uninstall('foreign'), { message: 'backend "foreign" not found' })
    await assert.rejects(at.installer.uninstall('..'), { code: 'backend.not-found' })
    await assert.rejects(at.installer.uninstall('llama-cpp'), { message: /cannot be deleted/ })
  })
})

describe('what is compiled here', () => {
  for (const name of ['llama-server', 'llama-rpc']) {
    it(`is listed, built and removed through a part of its own: ${name}`, async () => {
      await using at = await place()
      const seen: unknown[] = []
      await at.installer.install(name, { onProgress: (progress) => seen.push(progress) })
      assert.deepEqual(seen, [{ what: 'compiling', current: 1, total: 2 }])
      assert.deepEqual([...at.compiled], [name])
      const installed = (await at.installer.list()).filter((listed) => listed.installed && !listed.builtIn)
      assert.deepEqual(
        installed.map((listed) => listed.name),
        [name],
      )
      await at.installer.uninstall(name)
      assert.deepEqual([...at.compiled], [])
    })
  }
})

describe('GPU builds', () => {
  it('are refused on a machine that cannot use them, unless forced', async () => {
    await using at = await place()
    await assert.rejects(at.installer.install('llama-cpp-cuda'), {
      code: 'backend.unsupported',
      message: /no NVIDIA driver was found; --force/,
    })
    assert.equal(at.commands.length, 0)
    await at.installer.install('llama-cpp-cuda', { force: true })
    assert.deepEqual(await at.folders(), ['llama-cpp-cuda'])
  })

  it('are refused for good where there is no build', () => {
    for (const facts of [{ platform: 'darwin' as const }, { arch: 'arm64' }, { hasGlibc: false }]) {
      assert.equal(whyUnusable('cuda', { ...PLAIN, hasNvidiaDriver: true, ...facts })?.forcible, false)
    }
    assert.equal(whyUnusable('cuda', { ...PLAIN, hasNvidiaDriver: true }), undefined)
    assert.equal(whyUnusable('vulkan', { ...PLAIN, hasGraphicsDevice: true }), undefined)
  })

  it('ask npm for the version of our own engine and nothing more', async () => {
    await using at = await place({ hasNvidiaDriver: true })
    await at.installer.install('llama-cpp-cuda')
    const [command] = at.commands
    assert.equal(command?.command, 'npm')
    assert.deepEqual(command?.args.slice(-4), [
      'node-llama-cpp@9.9.9',
      '@node-llama-cpp/linux-x64@9.9.9',
      '@node-llama-cpp/linux-x64-cuda@9.9.9',
      '@node-llama-cpp/linux-x64-cuda-ext@9.9.9',
    ])
    assert.ok(command?.args.includes('--ignore-scripts'))
    const plan = { kind: 'vulkan', platform: 'win-x64', version: '1.0.0', node: '', main: '' } as const
    assert.deepEqual(gpuPackages(plan), [
      'node-llama-cpp@1.0.0',
      '@node-llama-cpp/win-x64@1.0.0',
      '@node-llama-cpp/win-x64-vulkan@1.0.0',
    ])
    const { alias, version } = await metadata(at, 'llama-cpp-cuda')
    assert.deepEqual([alias, version], ['llama-cpp', '9.9.9'])
  })

  it('run our backend with the engine of their folder', async () => {
    await using at = await place({ hasNvidiaDriver: true })
    await at.installer.install('llama-cpp-cuda')
    const folder = join(at.backendsPath, 'llama-cpp-cuda')
    const { stdout } = await run(join(folder, 'run.sh'), ['--addr', 'unix:/x y'])
    const words = [
      'the engine of the folder',
      join(folder, 'node_modules'),
      '--engine',
      'node-llama-cpp',
      '--addr',
      'unix:/x y',
    ]
    assert.equal(stdout, `${words.join(' ')}\n`)
  })

  it('leave nothing when npm fails', async () => {
    await using at = await place({ hasNvidiaDriver: true }, 1)
    await assert.rejects(at.installer.install('llama-cpp-cuda'), { code: 'download.failed', message: /npm said no/ })
    assert.deepEqual(await at.folders(), [])
  })
})

describe('readMachineFacts', () => {
  it('looks at this machine without failing', async () => {
    const facts = await readMachineFacts()
    assert.equal(facts.platform, process.platform)
    assert.equal(typeof facts.hasNvidiaDriver, 'boolean')
    assert.ok(!facts.hasNvidiaDriver || facts.hasGraphicsDevice)
  })
})
