import type { AbortOptions } from '../../base/signals.ts'
import { type ByteSource, ByteWindow, WINDOW_BYTES } from './byte-window.ts'
import { fileProblem, quoted } from './file-problem.ts'
import { readTensors, type TensorTable } from './read-tensors.ts'

/** A list in the metadata. Its values are kept when they are few numbers (one for each layer, say). */
export interface GgufList {
  readonly element: GgufType
  readonly length: number
  readonly numbers?: readonly number[]
}

/** A text that is too long to keep. */
export interface GgufLongText {
  readonly textBytes: number
}

export type GgufValue = string | number | boolean | GgufList | GgufLongText
export type GgufMetadata = ReadonlyMap<string, GgufValue>

/** All that stands before the weights. */
export interface GgufHeader extends TensorTable {
  readonly version: number
  readonly metadata: GgufMetadata
  /** Of the file it was read from. */
  readonly sizeBytes: number
}

export type GgufType =
  | 'u8'
  | 'i8'
  | 'u16'
  | 'i16'
  | 'u32'
  | 'i32'
  | 'f32'
  | 'bool'
  | 'str'
  | 'arr'
  | 'u64'
  | 'i64'
  | 'f64'

const TYPES: readonly GgufType[] = [
  ...(['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32', 'bool', 'str', 'arr', 'u64', 'i64', 'f64'] as const),
]
const WIDTHS = { u8: 1, i8: 1, bool: 1, u16: 2, i16: 2, u32: 4, i32: 4, f32: 4, u64: 8, i64: 8, f64: 8 } as const
type NumberType = keyof typeof WIDTHS

const MAX_KEYS = 4096
/** Of all parts of a model together. */
export const MAX_TENSORS = 65_536
const MAX_KEY_BYTES = 1024
const MAX_LIST_LENGTH = 16 * 1024 * 1024
const MAX_LISTED_STRING_BYTES = 1024 * 1024
/** Longer texts (a whole tokenizer.json, say) are passed over. */
const MAX_KEPT_TEXT_BYTES = WINDOW_BYTES
const MAX_ALL_TEXT_BYTES = 16 * 1024 * 1024
const MAX_KEPT_NUMBERS = 512

/**
 * Reads the header of a GGUF file (version 2 or 3, little endian) and checks all that can be checked without knowing
 * the architecture: bounds of every count and length, types, unique names, and that the weights are where the header
 * says and inside the file. Throws `model.file-invalid`. No length in the file is trusted, and memory stays below a few
 * tens of megabytes whatever it claims.
 */
export async function parseGgufHeader(source: ByteSource, options: AbortOptions = {}): Promise<GgufHeader> {
  if (source.size < 24) throw fileProblem(`it has only ${source.size} bytes`, { sizeBytes: source.size })
  const window = new ByteWindow(source, options)
  await window.ensure(24)
  refuseOtherFormats(window.bytes(4))
  const version = supportedVersion(window.u32())
  const tensorCount = bounded(window.u64(), MAX_TENSORS, 'tensors')
  const keyCount = bounded(window.u64(), MAX_KEYS, 'metadata keys')
  const metadata = await readMetadata(window, keyCount)
  const table = await readTensors(window, {
    count: tensorCount,
    alignment: alignmentOf(metadata),
    fileBytes: source.size,
  })
  return { version, metadata, sizeBytes: source.size, ...table }
}

function refuseOtherFormats(magic: Buffer): void {
  const text = magic.toString('latin1')
  if (text === 'GGUF') return
  const guesses: Readonly<Record<string, string>> = {
    FUGG: ': it is a big endian GGUF',
    vers: ': it looks like a Git LFS pointer, which stands for the file and is not the file',
    '<!DO': ': it looks like a web page',
    '<htm': ': it looks like a web page',
    ggjt: ': it is a GGML file, the format before GGUF',
    lmgg: ': it is a GGML file, the format before GGUF',
  }
  throw fileProblem(`it is no GGUF file${guesses[text] ?? ` (it begins with ${quoted(text)})`}`)
}

function supportedVersion(version: number): number {
  if (version === 2 || version === 3) return version
  if ((version & 0xffff) === 0) throw fileProblem('it is a big endian GGUF, which is not supported')
  throw fileProblem(`it is GGUF version ${version}; 2 and 3 are supported`, { version })
}

function bounded(count: number, limit: number, what: string): number {
  if (count > limit) throw fileProblem(`it claims ${count} ${what}, and ${limit} are the limit`, { count })
  return count
}

async function readMetadata(window: ByteWindow, keyCount: number): Promise<GgufMetadata> {
  const metadata = new Map<string, GgufValue>()
  let textBytes = 0
  for (let index = 0; index < keyCount; index++) {
    const key = await readKey(window)
    if (metadata.has(key)) throw fileProblem(`it has the metadata key ${quoted(key)} twice`, { key })
    const value = await readValue(window, key)
    textBytes += typeof value === 'string' ? value.length : 0
    if (textBytes > MAX_ALL_TEXT_BYTES) throw fileProblem(`its metadata has over ${MAX_ALL_TEXT_BYTES} characters`)
    metadata.set(key, value)
  }
  return metadata
}

async function readKey(window: ByteWindow): Promise<string> {
  await window.ensure(8)
  const length = window.u64()
  if (length === 0 || length > MAX_KEY_BYTES) throw fileProblem(`it has a metadata key of ${length} bytes`, { length })
  await window.ensure(length)
  return window.bytes(length).toString('utf8')
}

async function readValue(window: ByteWindow, key: string): Promise<GgufValue> {
  const type = await readType(window, key)
  if (type === 'str') return await readText(window)
  if (type !== 'arr') {
    await window.ensure(WIDTHS[type])
    const number = readNumber(window, type)
    return type === 'bool' ? number !== 0 : number
  }
  const element = await readType(window, key)
  await window.ensure(8)
  const length = window.u64()
  if (length > MAX_LIST_LENGTH) throw fileProblem(`${quoted(key)} claims to be a list of ${length}`, { key, length })
  return await readList(window, { key, element, length })
}

async function readType(window: ByteWindow, key: string): Promise<GgufType> {
  await window.ensure(4)
  const code = window.u32()
  const type = TYPES[code]
  if (type === undefined) throw fileProblem(`${quoted(key)} has the unknown value type ${code}`, { key, type: code })
  return type
}

async function readText(window: ByteWindow): Promise<string | GgufLongText> {
  await window.ensure(8)
  const length = window.u64()
  if (length > MAX_KEPT_TEXT_BYTES) {
    window.skip(length)
    return { textBytes: length }
  }
  await window.ensure(length)
  return window.bytes(length).toString('utf8')
}

interface ListShape {
  readonly key: string
  readonly element: GgufType
  readonly length: number
}

async function readList(window: ByteWindow, { key, element, length }: ListShape): Promise<GgufList> {
  if (element === 'arr') throw fileProblem(`${quoted(key)} is a list of lists, which llama.cpp does not read`, { key })
  if (element === 'str') {
    await window.skipStrings(length, MAX_LISTED_STRING_BYTES)
    return { element, length }
  }
  if (length > MAX_KEPT_NUMBERS) {
    window.skip(length * WIDTHS[element])
    return { element, length }
  }
  await window.ensure(length * WIDTHS[element])
  return { element, length, numbers: Array.from({ length }, () => readNumber(window, element)) }
}

function readNumber(window: ByteWindow, type: NumberType): number {
  const bytes = window.bytes(WIDTHS[type])
  switch (type) {
    case 'u8':
    case 'bool':
      return bytes.readUInt8()
    case 'i8':
      return bytes.readInt8()
    case 'u16':
      return bytes.readUInt16LE()
    case 'i16':
      return bytes.readInt16LE()
    case 'u32':
      return bytes.readUInt32LE()
    case 'i32':
      return bytes.readInt32LE()
    case 'f32':
      return bytes.readFloatLE()
    case 'u64':
      return Number(bytes.readBigUInt64LE())
    case 'i64':
      return Number(bytes.readBigInt64LE())
    case 'f64':
      return bytes.readDoubleLE()
  }
}

function alignmentOf(metadata: GgufMetadata): number {
  const value = metadata.get('general.alignment') ?? 32
  // A power of two has one bit set, so it shares none with the number below it.
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 2 ** 31) {
    if (Number.isInteger(Math.log2(value))) return value
  }
  throw fileProblem('its alignment (general.alignment) is no power of two')
}
