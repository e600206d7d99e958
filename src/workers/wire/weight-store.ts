import { readFile, rm } from 'node:fs/promises'
import type { Startable } from '../../base/lifecycle.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { WeightStore } from '../worker-stream.ts'
import { MAX_PIECE_BYTES } from './rpc-protocol.ts'
import { isHash, listWeightFiles, pathOf, touchWeightFile, writeWeightFile } from './weight-files.ts'
import { hashBytes } from './weight-pieces.ts'

export interface WeightStoreDeps {
  readonly log: Pick<Logger, 'warn'>
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

export interface WeightStoreInit {
  /** Absolute; made at the start. It belongs to one store alone. */
  readonly folder: string
  readonly maxBytes: number
}

export function createWeightStore(
  { log, now = Date.now }: WeightStoreDeps,
  { folder, maxBytes }: WeightStoreInit,
): WeightStore & Startable {
  /** Bytes by hash, least used first. */
  const pieces = new Map<string, number>()
  const writing = new Map<string, Promise<void>>()
  let total = 0
  let warned = false

  function forget(hash: string): void {
    total -= pieces.get(hash) ?? 0
    pieces.delete(hash)
  }
  function remember(hash: string, bytes: number): void {
    forget(hash)
    pieces.set(hash, bytes)
    total += bytes
  }
  async function remove(hash: string): Promise<void> {
    forget(hash)
    await rm(pathOf(folder, hash), { force: true })
  }
  async function makeRoom(): Promise<void> {
    for (const [hash] of pieces) {
      if (total <= maxBytes) return
      await remove(hash)
    }
  }
  /** A store that cannot write is no failure: weights are then sent each time. */
  async function store(hash: string, bytes: Uint8Array): Promise<void> {
    try {
      if (!(await hashBytes(bytes)).equals(Buffer.from(hash, 'hex'))) return
      // Its room is taken before anything is waited for, so that others that come meanwhile make room beside it.
      remember(hash, bytes.byteLength)
      await makeRoom()
      await writeWeightFile(pathOf(folder, hash), bytes)
      if (!pieces.has(hash)) await remove(hash)
      warned = false
    } catch (error) {
      forget(hash)
      tell(error)
    }
  }
  function tell(error: unknown): void {
    if (!warned) log.warn({ err: error, folder }, 'weights are not kept on this disk')
    warned = true
  }

  return {
    async start({ signal } = {}) {
      try {
        for (const file of await listWeightFiles(folder)) remember(file.hash, file.bytes)
        signal?.throwIfAborted()
        await makeRoom()
      } catch (error) {
        signal?.throwIfAborted()
        tell(error)
      }
    },
    async stop() {
      await Promise.all(writing.values())
    },
    async get(hash, { signal } = {}) {
      signal?.throwIfAborted()
      await writing.get(hash)
      const size = pieces.get(hash)
      if (size === undefined) return
      const path = pathOf(folder, hash)
      const bytes = await readFile(path).catch(() => undefined)
      if (bytes === undefined || !(await hashBytes(bytes)).equals(Buffer.from(hash, 'hex'))) {
        await remove(hash).catch(() => {})
        return
      }
      if (pieces.has(hash)) remember(hash, size)
      await touchWeightFile(path, now()).catch(() => {})
      return bytes
    },
    has: (hash) => Promise.resolve(pieces.has(hash)),
    async put(hash, bytes, { signal } = {}) {
      signal?.throwIfAborted()
      const fits = bytes.byteLength > 0 && bytes.byteLength <= Math.min(MAX_PIECE_BYTES, maxBytes)
      if (!isHash(hash) || !fits || pieces.has(hash)) return
      const written = writing.get(hash) ?? store(hash, bytes).finally(() => writing.delete(hash))
      writing.set(hash, written)
      await written
    },
    sizes: () => ({ bytes: total, pieces: pieces.size }),
  }
}
