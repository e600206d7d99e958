import { crc32 } from 'node:zlib'

/** Of a prompt, at most so much is looked at. */
export const MAX_CHAIN_BYTES = 512 * 1024
/** Goes into every hash: nodes whose blocks end elsewhere must not understand each other. */
const FORM = 'local-ai prefix 1'

const FINE_BYTES = 256
const FINE_SHARE = 16

/** Where blocks end: every 256 bytes at first, then in steps of a sixteenth of what is there. */
export const EDGES: readonly number[] = edges()

/** Between the edges that a node tells to others lies at least a factor of this. */
const TOLD_FACTOR = 1.5

const TOLD: ReadonlySet<number> = new Set(toldEdges())

/**
 * One hash for each edge inside the text, of everything before it: equal hashes mean equal beginnings. 32 bits are enough
 * for what is only a hint, and zlib's CRC runs at memory speed.
 */
export function chainOf(text: Buffer, model: string): readonly number[] {
  const chain: number[] = []
  let hash = crc32(model, crc32(FORM))
  let from = 0
  for (const edge of EDGES) {
    if (edge > text.length) break
    hash = crc32(text.subarray(from, edge), hash)
    chain.push(hash)
    from = edge
  }
  return chain
}

/** A few of the hashes, the last one among them: enough for another node to see how much of a prompt is known. */
export function toldOf(chain: readonly number[]): readonly number[] {
  return chain.filter((_, at) => at === chain.length - 1 || TOLD.has(at))
}

function edges(): readonly number[] {
  const all: number[] = []
  for (let edge = FINE_BYTES; edge <= MAX_CHAIN_BYTES; ) {
    all.push(edge)
    edge += Math.max(1, Math.floor(edge / FINE_SHARE / FINE_BYTES)) * FINE_BYTES
  }
  return all
}

function toldEdges(): readonly number[] {
  const told: number[] = []
  let last = 0
  for (const [at, edge] of EDGES.entries()) {
    if (edge < last * TOLD_FACTOR) continue
    told.push(at)
    last = edge
  }
  return told
}
