import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { BackendProgram } from './backend-process.ts'
import { chooseInstalled, isFile, readInstalled } from './installed-backends.ts'

/** A backend that comes with the node: a program that watches its stdin and listens where `--addr` says. */
export interface BackendDefinition {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly directory?: string
}

/** One entry of `--external-grpc-backends`. */
export interface ExternalBackend {
  readonly name: string
  /** The path of a program, or the address of a running backend. */
  readonly uri: string
}

/** How a backend comes to life. `type` goes into ModelOptions.Type, where the name asked for implies one. */
export type BackendTarget = {
  readonly name: string
  readonly type?: string
  /** One of ours, which understands that 0 means: decide yourself. */
  readonly builtin: boolean
} & (
  | { readonly kind: 'program'; readonly program: BackendProgram }
  | { readonly kind: 'address'; readonly address: string }
)

export interface BackendCatalog {
  /** By a model's `backend:`, or by its file when it names none. Rejects with `backend.not-found`. */
  resolve(name: string | undefined, modelFile: string, options?: AbortOptions): Promise<BackendTarget>
  /** Every name that resolves, sorted, each once. */
  names(options?: AbortOptions): Promise<readonly string[]>
}

export interface BackendCatalogInit {
  readonly builtins: readonly BackendDefinition[]
  /** Looked at each time, since a file may name them. Of two with one name the later counts. */
  readonly external: readonly ExternalBackend[]
  /** Where backends get installed: one folder each, with a `run.sh`. */
  readonly backendsPath?: string
  /** The same, of the machine. `backendsPath` goes first. */
  readonly systemPath?: string
  /** Words for the hardware at hand, best first; decides between installed variants of one backend. */
  readonly hardware?: readonly string[]
}

/** LocalAI's built-in other names (backend-grpc.md section 10.4). */
const ALIASES: ReadonlyMap<string, { readonly name: string; readonly type?: string }> = new Map([
  ['go-llama', { name: 'llama-cpp' }],
  ['llama', { name: 'llama-cpp' }],
  ['embedded-store', { name: 'local-store' }],
  ['huggingface-embeddings', { name: 'transformers', type: 'SentenceTransformer' }],
  ['sentencetransformers', { name: 'transformers', type: 'SentenceTransformer' }],
  ['mamba', { name: 'transformers', type: 'Mamba' }],
  ['transformers-musicgen', { name: 'transformers', type: 'MusicgenForConditionalGeneration' }],
  ['stablediffusion', { name: 'stablediffusion-ggml' }],
  ['ik_llama', { name: 'ik-llama-cpp' }],
  ['ik-llama', { name: 'ik-llama-cpp' }],
])

/**
 * Which backends there are. What the command line attaches comes first, then the node's own, then what is installed:
 * an installed variant of a backend of ours is reached by its full name (`cuda12-llama-cpp`).
 * Reads the folders anew each time, so an installed backend needs no restart.
 */
export function createBackendCatalog(init: BackendCatalogInit): BackendCatalog {
  const externals = () => new Map(init.external.map(({ name, uri }) => [name.toLowerCase(), uri]))
  const builtins = new Map(init.builtins.map((definition) => [definition.name.toLowerCase(), definition]))
  const paths = [init.backendsPath, init.systemPath].filter((path) => path !== undefined)

  async function names(options: AbortOptions = {}): Promise<readonly string[]> {
    const installed = await readInstalled(paths, options)
    const all = new Set([
      ...externals().keys(),
      ...builtins.keys(),
      ...installed.flatMap((folder) => [folder.name, ...(folder.alias === undefined ? [] : [folder.alias])]),
    ])
    return [...all].toSorted()
  }

  async function find(asked: string, options: AbortOptions): Promise<BackendTarget | undefined> {
    const external = externals()
    const known = external.has(asked) || builtins.has(asked) ? { name: asked } : (ALIASES.get(asked) ?? { name: asked })
    const common = { ...known, builtin: false }
    const uri = external.get(known.name)
    if (uri !== undefined) return { ...common, ...(await externalTarget(uri)) }
    const definition = builtins.get(known.name)
    if (definition !== undefined)
      return { ...common, builtin: true, kind: 'program', program: builtinProgram(definition) }
    const command = chooseInstalled(await readInstalled(paths, options), known.name, init.hardware ?? ['cpu'])
    return command === undefined ? undefined : { ...common, kind: 'program', program: foreignProgram(command) }
  }

  return {
    names,
    async resolve(name, modelFile, options = {}) {
      const asked = name?.trim().toLowerCase() ?? ''
      const wanted = asked === '' && (await isGgufFile(modelFile)) ? 'llama-cpp' : asked
      const target = wanted === '' ? undefined : await find(wanted, options)
      if (target !== undefined) return target
      const installed = await names(options)
      const problem = problemText(wanted, installed.length)
      throw new AppError(
        'backend.not-found',
        `${problem}${installed.length > 0 ? `; there is: ${installed.join(', ')}` : ''}`,
        {
          details: { backend: wanted },
        },
      )
    },
  }
}

/** Splits `NAME:URI` entries at their first colon. Throws `config.invalid`. */
export function parseExternalBackends(entries: readonly string[]): readonly ExternalBackend[] {
  return entries.map((entry) => {
    const cut = entry.indexOf(':')
    const name = entry.slice(0, Math.max(cut, 0)).trim().toLowerCase()
    const uri = entry.slice(cut + 1).trim()
    if (cut >= 0 && name !== '' && uri !== '') return { name, uri }
    throw new AppError('config.invalid', `an external backend is written NAME:URI, and this is not: "${entry}"`)
  })
}

/** By its ending or, where that says nothing, its first four bytes. */
export async function isGgufFile(file: string): Promise<boolean> {
  if (file.toLowerCase().endsWith('.gguf')) return true
  try {
    // Without waiting for whoever may write, should it be a pipe.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(4), position: 0 })
    return bytesRead === 4 && buffer.toString('latin1') === 'GGUF'
  } catch {
    // No such file, or a folder: whatever it is, it is no GGUF file.
    return false
  }
}

async function externalTarget(
  uri: string,
): Promise<
  | { readonly kind: 'program'; readonly program: BackendProgram }
  | { readonly kind: 'address'; readonly address: string }
> {
  if (await isFile(uri)) return { kind: 'program', program: foreignProgram(resolve(uri)) }
  // `:50051` is this machine, as in Go.
  return { kind: 'address', address: uri.startsWith(':') ? `127.0.0.1${uri}` : uri }
}

function builtinProgram(definition: BackendDefinition): BackendProgram {
  const { command, args, environment = {}, directory } = definition
  return { kind: 'lifeline', command, args, environment, ...(directory === undefined ? {} : { directory }) }
}

function foreignProgram(command: string): BackendProgram {
  return { kind: 'guarded', command, args: [], environment: {} }
}

function problemText(wanted: string, installedCount: number): string {
  if (wanted !== '') return `backend not found: ${wanted}`
  return installedCount === 0 ? 'no backends found' : 'the model names no backend, and its file is not a GGUF'
}
