import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { ByteSource } from './byte-window.ts'
import { checkTextModel } from './check-text-model.ts'
import { fileProblem, quoted } from './file-problem.ts'
import { type GgufHeader, MAX_TENSORS, parseGgufHeader } from './read-gguf.ts'
import { splitPlace } from './split-files.ts'
import { type GgufKind, type GgufSummary, kindOf, summarizeGguf } from './summarize-gguf.ts'

export interface ValidateGgufOptions extends AbortOptions {
  /** The only kind that will do; absent: any. */
  readonly kind?: GgufKind
}

const KIND_WORDS: Readonly<Record<GgufKind, string>> = {
  model: 'a language model',
  projector: 'the vision or audio part of a model (mmproj)',
  adapter: 'a LoRA adapter',
  other: 'no language model',
}

/**
 * Checks a GGUF file by its header, without reading the weights, and says what it is. All parts of a split model are
 * checked when the first is given. Throws `model.not-found` when there is no such file and `model.file-invalid` with
 * the reason when it is broken or hostile; the latter has `file` and `reason` in its details.
 */
export async function validateGguf(path: string, options: ValidateGgufOptions = {}): Promise<GgufSummary> {
  const first = await readHeader(path, options)
  try {
    const parts = await readParts(path, first, options)
    checkHeader(first)
    const summary = summarizeGguf(first, parts)
    if (options.kind !== undefined && summary.kind !== options.kind) {
      throw fileProblem(`it is ${KIND_WORDS[summary.kind]}, and ${KIND_WORDS[options.kind]} is needed`)
    }
    return summary
  } catch (error) {
    throw named(error, path)
  }
}

/** The headers of a model's files, the first in front, which alone has its metadata. Errors are those of `validateGguf`. */
export async function readModelHeaders(path: string, options: AbortOptions = {}): Promise<readonly GgufHeader[]> {
  const first = await readHeader(path, options)
  try {
    return await readParts(path, first, options)
  } catch (error) {
    throw named(error, path)
  }
}

/** What `validateGguf` does with a whole file, for bytes that are anywhere. */
export async function inspectGguf(source: ByteSource, options: AbortOptions = {}): Promise<GgufSummary> {
  const header = await parseGgufHeader(source, options)
  checkHeader(header)
  return summarizeGguf(header, [header])
}

function checkHeader({ metadata, tensors }: GgufHeader): void {
  const architecture = metadata.get('general.architecture')
  const kind = kindOf(metadata)
  if (kind === 'other') return
  if (typeof architecture !== 'string' || architecture === '') {
    throw fileProblem('the metadata key "general.architecture" is missing', { key: 'general.architecture' })
  }
  if (kind === 'model') {
    checkTextModel(metadata, architecture)
    if (tensors.length === 0) throw fileProblem('it holds a vocabulary and no weights')
  }
}

async function readParts(path: string, first: GgufHeader, options: AbortOptions): Promise<readonly GgufHeader[]> {
  const count = first.metadata.get('split.count')
  if (typeof count !== 'number' || count <= 1) return [first]
  const place = splitPlace(path)
  if (place === undefined || place.count !== count) {
    throw fileProblem(`it is one of ${count} parts, and its name does not end in -00001-of-${pad(count)}.gguf`)
  }
  if (first.metadata.get('split.no') !== 0 || place.number !== 1) {
    throw fileProblem(`it is part ${place.number} of ${count}: name the first part, and the others are found`)
  }
  const parts = [first]
  let tensors = first.tensors.length
  for (const [index, file] of place.files.entries()) {
    if (index === 0) continue
    const part = await readPart(file, { ...options, place: `part ${index + 1} of ${count}` })
    if (part.metadata.get('split.no') !== index) throw fileProblem(`${quoted(basename(file))} is not part ${index + 1}`)
    tensors += part.tensors.length
    if (tensors > MAX_TENSORS) throw fileProblem(`its parts hold more than ${MAX_TENSORS} tensors`)
    // What is said of the model the first part says; a thousand others must not fill the memory with more.
    parts.push({ ...part, metadata: new Map() })
  }
  refuseUnequalParts(parts, first.metadata.get('split.tensors.count'))
  return parts
}

async function readPart(file: string, options: AbortOptions & { readonly place: string }): Promise<GgufHeader> {
  try {
    return await readHeader(file, options)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'model.not-found') throw error
    throw fileProblem(`${options.place} is missing (${quoted(basename(file))})`, { missingFile: basename(file) })
  }
}

function refuseUnequalParts(parts: readonly GgufHeader[], claimed: unknown): void {
  const names = parts.flatMap((part) => part.tensors.map((tensor) => tensor.name))
  if (new Set(names).size !== names.length) throw fileProblem('two of its parts hold the same tensor')
  if (claimed !== names.length) throw fileProblem(`its parts hold ${names.length} tensors and not ${String(claimed)}`)
}

/** The header of one file, whatever it is of. Errors are those of `validateGguf`. */
export async function readHeader(path: string, options: AbortOptions = {}): Promise<GgufHeader> {
  try {
    // Looked at before it is opened: opening a named pipe would wait for ever.
    if (!(await stat(path)).isFile()) throw fileProblem('it is not a regular file')
    const handle = await open(path, 'r')
    try {
      return await parseGgufHeader(await fileSource(handle), options)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw named(error, path)
  }
}

async function fileSource(handle: FileHandle): Promise<ByteSource> {
  const { size } = await handle.stat()
  return {
    size,
    async read(position, into) {
      return (await handle.read(into, 0, into.length, position)).bytesRead
    },
  }
}

/** The same failure with the file's name in front; what is not about the file (an abort) stays as it is. */
function named(error: unknown, path: string): unknown {
  const file = basename(path)
  if (error instanceof AppError) {
    if (error.code !== 'model.file-invalid' || error.details['file'] !== undefined) return error
    const message = `The model file ${quoted(file)} cannot be used: ${error.message}.`
    return new AppError(error.code, message, { details: { ...error.details, file }, cause: error })
  }
  if (!isObject(error) || typeof error['code'] !== 'string' || typeof error['syscall'] !== 'string') return error
  const details = { file, reason: error['code'] }
  if (error['code'] === 'ENOENT' || error['code'] === 'ENOTDIR') {
    return new AppError('model.not-found', `There is no model file ${quoted(file)}.`, { details, cause: error })
  }
  const message = `The model file ${quoted(file)} cannot be read (${error['code']}).`
  return new AppError('model.file-invalid', message, { details, cause: error })
}

function pad(count: number): string {
  return String(count).padStart(5, '0')
}
