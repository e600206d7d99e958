import { type Duplex, duplexPair } from 'node:stream'
import { createGuardWorker } from '../../src/workers/wire/guard-worker.ts'
import type { GuardWorker, StreamEnd } from '../../src/workers/worker-stream.ts'
import { allocBuffer, bufferGetBase, deviceCount, hello } from './rpc-messages.ts'
import { type RpcWorker, startRpcWorker } from './rpc-worker.ts'

type Options = Partial<Parameters<GuardWorker>[1]>

export interface Guarded {
  readonly client: Duplex
  readonly worker: RpcWorker
  readonly over: Promise<StreamEnd>
  /** Sends a request and gives the body of the answer. */
  ask(message: Buffer): Promise<Buffer>
  /** The far ends, which must be gone at the end. */
  readonly sides: readonly Duplex[]
}

export const MEMORY_BYTES = 1_000_000

/** A user on one side of a guard and a worker on the other, in this process. */
export function startGuarded(options: Options = {}, init = { pieces: true }): Guarded {
  const [client, clientSide] = duplexPair()
  const [workerSide, workerSocket] = duplexPair()
  client.on('error', () => {})
  const worker = startRpcWorker(workerSocket)
  const over = createGuardWorker(init)(
    { client: clientSide, worker: workerSide },
    { limits: { memoryBytes: MEMORY_BYTES, stallTimeoutMs: 60_000 }, ...options },
  )
  let held = Buffer.alloc(0)
  let wake = () => {}
  client.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    wake()
  })
  client.on('close', () => wake())
  return {
    client,
    worker,
    over,
    sides: [clientSide, workerSide],
    async ask(message) {
      client.write(message)
      const whole = () => held.length >= 8 && held.length >= 8 + Number(held.readBigUInt64LE(0))
      while (!whole()) {
        if (client.destroyed || client.readableEnded) throw new Error('the stream ended without an answer')
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const size = Number(held.readBigUInt64LE(0))
      const body = held.subarray(8, 8 + size)
      held = held.subarray(8 + size)
      return body
    },
  }
}

/** HELLO, the devices, and one buffer: its handle and where it begins. */
export async function prepare(guarded: Pick<Guarded, 'ask'>, bytes = 4096): Promise<{ handle: number; base: number }> {
  await guarded.ask(hello)
  await guarded.ask(deviceCount)
  return await allocate(guarded, bytes)
}

export async function allocate(
  guarded: Pick<Guarded, 'ask'>,
  bytes: number,
): Promise<{ handle: number; base: number }> {
  const handle = Number((await guarded.ask(allocBuffer(bytes))).readBigUInt64LE(0))
  if (handle === 0) return { handle, base: 0 }
  return { handle, base: Number((await guarded.ask(bufferGetBase(handle))).readBigUInt64LE(0)) }
}
