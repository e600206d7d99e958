import Type from 'typebox'
import { Compile } from 'typebox/compile'

/** A node of a network as the public may know it: no name, no address, and an id that is used nowhere else. */
export interface PublicNode {
  /** 16 hex digits; the same in every summary of the network. */
  readonly id: string
  readonly group: string
  /** Answers requests of other members. */
  readonly serves: boolean
  /** Lends memory to models of others. */
  readonly lends: boolean
  readonly online: boolean
  readonly draining: boolean
  readonly version: string
  readonly models: number
  readonly running: number
  readonly slots: number
  readonly memoryTotalBytes: number
}

export interface PublicModel {
  readonly name: string
  readonly capabilities: readonly string[]
  /** Nodes that have it, and of those the ones that have it in memory. */
  readonly nodes: number
  readonly loaded: number
}

/** What a network shows of itself to whoever has its view capability. Bounded by `SUMMARY_BOUNDS`. */
export interface PublicSummary {
  readonly version: 1
  readonly madeAtUnixMs: number
  /** What its operator calls it; '' when not at all. */
  readonly name: string
  readonly nodes: readonly PublicNode[]
  readonly models: readonly PublicModel[]
  /** Beyond the bounds. */
  readonly nodesLeftOut: number
  readonly modelsLeftOut: number
  /** Multiaddresses of members that answer viewers: for the next visit, not for the public. */
  readonly places: readonly string[]
}

export const SUMMARY_BOUNDS = {
  bytes: 64 * 1024,
  nodes: 200,
  models: 256,
  places: 16,
  capabilities: 8,
  nameLength: 128,
  wordLength: 64,
  addressLength: 256,
  count: 2 ** 31 - 1,
} as const

/** Control characters, and those that turn the direction of a text. */
const PRINTABLE = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]*$'
const Name = Type.String({ maxLength: SUMMARY_BOUNDS.nameLength, pattern: PRINTABLE })
const Word = Type.String({ maxLength: SUMMARY_BOUNDS.wordLength, pattern: PRINTABLE })
const Count = Type.Integer({ minimum: 0, maximum: SUMMARY_BOUNDS.count })
const Large = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

const PublicSummarySchema = Type.Object({
  version: Type.Literal(1),
  madeAtUnixMs: Large,
  name: Name,
  nodes: Type.Array(
    Type.Object({
      id: Type.String({ pattern: '^[0-9a-f]{16}$' }),
      group: Name,
      serves: Type.Boolean(),
      lends: Type.Boolean(),
      online: Type.Boolean(),
      draining: Type.Boolean(),
      version: Word,
      models: Count,
      running: Count,
      slots: Count,
      memoryTotalBytes: Large,
    }),
    { maxItems: SUMMARY_BOUNDS.nodes },
  ),
  models: Type.Array(
    Type.Object({
      name: Name,
      capabilities: Type.Array(Word, { maxItems: SUMMARY_BOUNDS.capabilities }),
      nodes: Count,
      loaded: Count,
    }),
    { maxItems: SUMMARY_BOUNDS.models },
  ),
  nodesLeftOut: Count,
  modelsLeftOut: Count,
  places: Type.Array(Type.String({ maxLength: SUMMARY_BOUNDS.addressLength, pattern: '^/[\\x21-\\x7e]+$' }), {
    maxItems: SUMMARY_BOUNDS.places,
  }),
})

const shape = Compile(PublicSummarySchema)

/** Undefined for bytes that are no summary within the bounds. Fields that are not known here are dropped. */
export function parseSummary(bytes: Uint8Array): PublicSummary | undefined {
  if (bytes.byteLength > SUMMARY_BOUNDS.bytes) return undefined
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return shape.Check(value) ? (shape.Clean(value) as PublicSummary) : undefined
  } catch {
    return undefined
  }
}
