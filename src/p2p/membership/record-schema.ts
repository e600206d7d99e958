import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { NodeRecord } from './node-record.ts'

/** What a record may hold. `fit-record.ts` keeps our own inside, `parseRecord` refuses others that are not. */
export const RECORD_BOUNDS = {
  payloadBytes: 64 * 1024,
  models: 512,
  addresses: 16,
  backends: 64,
  weightTypes: 32,
  capabilities: 32,
  nameLength: 256,
  wordLength: 64,
  addressLength: 512,
  descriptionLength: 512,
} as const

/** Control characters, and those that turn the direction of a text: such a name would lie on a terminal and in a log. */
const UNPRINTABLE = '\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069'

function printable(maxLength: number, minLength = 0) {
  return Type.String({ minLength, maxLength, pattern: `^[^${UNPRINTABLE}]*$` })
}
const Name = printable(RECORD_BOUNDS.nameLength, 1)
const Word = printable(RECORD_BOUNDS.wordLength)
const Count = Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })
const Large = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const Speed = Type.Number({ minimum: 0, maximum: 1e9 })

const ModelAdvertSchema = Type.Object({
  name: Name,
  loaded: Type.Boolean(),
  capabilities: Type.Array(Word, { maxItems: RECORD_BOUNDS.capabilities }),
  contextSize: Type.Optional(Count),
  fileSizeBytes: Type.Optional(Large),
  fileHash: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  likeness: Type.Optional(Type.String({ pattern: '^[0-9a-f]{16,64}$' })),
  created: Type.Optional(Large),
  description: Type.Optional(printable(RECORD_BOUNDS.descriptionLength)),
  upstream: Type.Optional(Name),
  promptTokensPerSecond: Type.Optional(Speed),
  generationTokensPerSecond: Type.Optional(Speed),
})

const LentMemorySchema = Type.Object({
  protocol: Type.String({ pattern: '^[0-9]{1,5}(\\.[0-9]{1,5}){2}$' }),
  build: Word,
  device: printable(RECORD_BOUNDS.nameLength),
  memoryBytes: Large,
  busy: Type.Boolean(),
  waiting: Count,
  weightBytesPerSecond: Type.Record(
    Type.String({ pattern: '^[a-zA-Z0-9_]{1,16}$' }),
    Type.Number({ minimum: 0, maximum: 1e15 }),
    {
      maxProperties: RECORD_BOUNDS.weightTypes,
      additionalProperties: false,
    },
  ),
})

const NodeOfferSchema = Type.Object({
  version: Word,
  group: printable(RECORD_BOUNDS.nameLength),
  serves: Type.Boolean(),
  models: Type.Array(ModelAdvertSchema, { maxItems: RECORD_BOUNDS.models }),
  backends: Type.Array(Name, { maxItems: RECORD_BOUNDS.backends }),
  slots: Count,
  memoryTotalBytes: Large,
  device: printable(RECORD_BOUNDS.nameLength),
  draining: Type.Boolean(),
  lends: Type.Optional(LentMemorySchema),
  viewable: Type.Optional(Type.Boolean()),
})

/** Fields that are not named here pass and are dropped: a newer version may know more. */
const NodeRecordSchema = Type.Object({
  peerId: Type.String({ pattern: '^[1-9A-HJ-NP-Za-km-z]{1,128}$' }),
  name: Name,
  incarnation: Large,
  sequence: Large,
  addresses: Type.Array(printable(RECORD_BOUNDS.addressLength), { maxItems: RECORD_BOUNDS.addresses }),
  offer: NodeOfferSchema,
  leaving: Type.Boolean(),
})

const recordShape = Compile(NodeRecordSchema)
const modelShape = Compile(ModelAdvertSchema)
const UNPRINTABLE_CHARACTERS = new RegExp(`[${UNPRINTABLE}]`, 'g')

/** Undefined for bytes that are no JSON, or no record within the bounds. */
export function parseRecord(payload: Uint8Array): NodeRecord | undefined {
  if (payload.byteLength > RECORD_BOUNDS.payloadBytes) return undefined
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
    return recordShape.Check(value) ? (recordShape.Clean(value) as NodeRecord) : undefined
  } catch {
    return undefined
  }
}

export function isModelAdvert(value: unknown): boolean {
  return modelShape.Check(value)
}

export function withoutUnprintable(text: string): string {
  return text.replaceAll(UNPRINTABLE_CHARACTERS, ' ')
}
