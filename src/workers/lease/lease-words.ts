import { isObject } from '../../base/json.ts'

/** Where a node lends its worker to members: an upgrade of HTTP/1.1 (RFC 9110 section 7.8) on the face that they see. */
export const LEASE_PATH = '/p2p/workers/lease'
/** Behind the answer 101 the connection speaks ggml's RPC, through the lender's guard. */
export const LEASE_PROTOCOL = 'local-ai-rpc'

/** So many pieces of weights a member may ask of another at the same time. */
export const MAX_PIECES_AT_ONCE = 3

/** What a user tells with its request; its identity is that of the connection. */
export interface LeaseWords {
  readonly model: string
  readonly memoryBytes: number
  readonly waitMs: number
  /** Of the user's engine, as `LentMemory` has them. */
  readonly build: string
  readonly protocol: string
}

const NAMES = {
  model: 'x-localai-lease-model',
  memory: 'x-localai-lease-memory',
  wait: 'x-localai-lease-wait',
  build: 'x-localai-lease-build',
  protocol: 'x-localai-lease-protocol',
} as const

const MAX_MODEL_LENGTH = 1024
const MAX_WAIT_MS = 10 * 60_000

export function toLeaseHeaders({ model, memoryBytes, waitMs, build, protocol }: LeaseWords): Record<string, string> {
  return {
    [NAMES.model]: encodeURIComponent(model).slice(0, MAX_MODEL_LENGTH),
    [NAMES.memory]: String(Math.ceil(memoryBytes)),
    [NAMES.wait]: String(Math.min(MAX_WAIT_MS, Math.ceil(waitMs))),
    [NAMES.build]: build,
    [NAMES.protocol]: protocol,
  }
}

/** Undefined for what no node of ours sends. Pure. */
export function parseLeaseHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): LeaseWords | undefined {
  const model = decodeModel(headers[NAMES.model])
  const memoryBytes = parseCount(headers[NAMES.memory])
  const waitMs = parseCount(headers[NAMES.wait])
  const build = headers[NAMES.build]
  const protocol = headers[NAMES.protocol]
  if (model === undefined || memoryBytes === undefined || waitMs === undefined) return undefined
  // To a worker's program no memory means no limit.
  if (memoryBytes === 0) return undefined
  if (typeof build !== 'string' || !/^[\w.+-]{1,64}$/.test(build)) return undefined
  if (typeof protocol !== 'string' || !/^\d{1,5}(\.\d{1,5}){2}$/.test(protocol)) return undefined
  return { model, memoryBytes, waitMs: Math.min(MAX_WAIT_MS, waitMs), build, protocol }
}

function parseCount(text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^\d{1,16}$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

/** Without what would move the cursor of a terminal or break a line of a log. */
function decodeModel(text: unknown): string | undefined {
  if (typeof text !== 'string' || text === '' || text.length > MAX_MODEL_LENGTH) return undefined
  try {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
    return decodeURIComponent(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, ' ')
  } catch {
    return undefined
  }
}

export type RefusalCode = 'worker.busy' | 'worker.refused' | 'worker.mismatch'

/** Why there is no lease. */
export interface Refusal {
  readonly code: RefusalCode
  readonly message: string
  /** This user gets none here, whatever it asks for. */
  readonly notAllowed: boolean
}

const CODES: readonly string[] = ['worker.busy', 'worker.refused', 'worker.mismatch'] satisfies RefusalCode[]
const MAX_MESSAGE_LENGTH = 500

export function toRefusalBody({ code, message, notAllowed }: Refusal): string {
  return JSON.stringify({ error: { code, message, ...(notAllowed ? { notAllowed } : {}) } })
}

/** Undefined for what is no refusal. Pure. */
export function parseRefusal(text: string): Refusal | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const error = isObject(value) ? value['error'] : undefined
    if (!isObject(error) || typeof error['code'] !== 'string' || !CODES.includes(error['code'])) return undefined
    const message = String(error['message'] ?? '').slice(0, MAX_MESSAGE_LENGTH)
    return { code: error['code'] as RefusalCode, message, notAllowed: error['notAllowed'] === true }
  } catch {
    return undefined
  }
}
