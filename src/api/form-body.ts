import { setImmediate as nextTurn } from 'node:timers/promises'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import { AppError } from '../base/errors.ts'

/** A file of a form (RFC 7578). JSON cannot bring one: no JSON value is a `Buffer`. */
export interface FormFile {
  /** As the client wrote it, without folders; may be empty. For its ending only, never for a path. */
  readonly filename: string
  readonly contentType: string
  readonly bytes: Buffer
}

/** Fields and files by name. What is there several times, or under a name that ends in `[]`, is a list without the `[]`. */
export type FormBody = Readonly<Record<string, FormValue | readonly FormValue[]>>
type FormValue = string | FormFile

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route takes multipart/form-data. Absent: JSON only, which no other web page can make a browser send. */
    form?: true
  }
}

/** What a form of ours can need is far below; the size as a whole is bounded by the server's limit. */
const LIMITS = {
  fields: 64,
  files: 32,
  parts: 96,
  fieldNameSize: 128,
  fieldSize: 1024 * 1024,
  headerPairs: 16,
  headerSize: 4096,
} as const

/**
 * Turns of the event loop without any sign of the parser. All bytes are there already, so it needs no more than a few: it
 * has lost its way in a broken form (seen on 3.2.6, when 64 KiB of a part that it skips came at once).
 */
const MOST_QUIET_TURNS = 200
/** The parser goes through all it is given, also behind a part too many: 15 MB of tiny parts take it a quarter of a minute. */
const SLICE_BYTES = 16 * 1024

/** Parses a form that is in memory. Throws `request.invalid`, whatever the bytes are, and never hangs. */
export async function parseForm(contentType: string, bytes: Buffer): Promise<FormBody> {
  const parser = createParser(contentType)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const watch = watchTurns(() =>
    reject(new AppError('request.invalid', 'the form is malformed: its end is never found')),
  )
  const found: [name: string, value: FormValue][] = []
  // Errors may come more than once; only the first says something.
  parser.on('error', (cause: unknown) => reject(new AppError('request.invalid', 'the form is malformed', { cause })))
  parser.on('finish', resolve)
  for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
    parser.on(limit, () => reject(new AppError('request.invalid', 'the form has too many fields')))
  }
  parser.on('field', (name, value, ...[nameTruncated, truncated]) => {
    const problem =
      problemOf(name) ?? (nameTruncated || truncated ? `${name} is longer than a field may be` : undefined)
    if (problem === undefined) found.push([name, value])
    else reject(new AppError('request.invalid', problem))
  })
  parser.on('file', (name, file, ...[filename, , type]) => {
    const pieces: Buffer[] = []
    file.on('data', (piece: Buffer) => {
      pieces.push(piece)
      watch.progress()
    })
    file.on('error', () => {})
    file.on('end', () => {
      const problem = problemOf(name)
      if (problem !== undefined) reject(new AppError('request.invalid', problem))
      found.push([name, { filename: filename ?? '', contentType: type, bytes: Buffer.concat(pieces) }])
    })
  })
  let over = false
  async function feed(): Promise<void> {
    for (let at = 0; at < bytes.length && !over; at += SLICE_BYTES) {
      parser.write(bytes.subarray(at, at + SLICE_BYTES))
      watch.progress()
      await nextTurn()
    }
    if (!over) parser.end()
  }
  try {
    await Promise.all([feed(), promise])
    return gather(found)
  } finally {
    over = true
    watch.stop()
    parser.destroy()
  }
}

function watchTurns(onStuck: () => void): { progress(): void; stop(): void } {
  let quiet = 0
  let next = setImmediate(turn)
  function turn(): void {
    quiet += 1
    if (quiet > MOST_QUIET_TURNS) onStuck()
    else next = setImmediate(turn)
  }
  return {
    progress() {
      quiet = 0
    },
    stop: () => clearImmediate(next),
  }
}

function createParser(contentType: string): BusboyInstance {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS })
  } catch (cause) {
    throw new AppError('request.invalid', 'the form names no boundary', { cause })
  }
}

function problemOf(name: string | undefined): string | undefined {
  if (name === undefined || name === '') return 'a field of the form has no name'
  return name.length > LIMITS.fieldNameSize ? 'a field of the form has too long a name' : undefined
}

function gather(found: readonly (readonly [string, FormValue])[]): FormBody {
  const lists = new Map<string, FormValue[]>()
  const isList = new Set<string>()
  for (const [written, value] of found) {
    const name = written.replace(/\[\d*\]$/, '')
    const list = lists.get(name) ?? []
    if (list.length > 0 || name !== written) isList.add(name)
    lists.set(name, list)
    list.push(value)
  }
  const entries = [...lists].map(([name, list]) => [name, isList.has(name) ? list : (list[0] ?? '')] as const)
  return Object.fromEntries(entries)
}
