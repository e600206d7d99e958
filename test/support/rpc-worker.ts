import type { Duplex } from 'node:stream'
import { u32, u64 } from './rpc-messages.ts'

/** The addresses that it gives out; the base of the n-th buffer is `BASE + n * SPACE`. */
export const FIRST_HANDLE = 0x5000
export const BASE = 0x7f00_0000_0000
const SPACE = 0x1_0000_0000

export interface RpcWorker {
  /** Commands in the order in which they came, and their bodies. */
  readonly seen: { readonly command: number; readonly body: Buffer }[]
  /** What SET_TENSOR has written, by address. */
  readonly memory: Map<number, Buffer>
  waitFor(command: number, count?: number): Promise<void>
}

/** Answers as ggml's worker does, without computing: GET_TENSOR gives zeros. */
export function startRpcWorker(socket: Duplex): RpcWorker {
  const seen: { command: number; body: Buffer }[] = []
  const memory = new Map<number, Buffer>()
  const handles = new Map<number, number>()
  let waiting: (() => void)[] = []
  let held = Buffer.alloc(0)

  function answer(command: number, body: Buffer): Buffer | undefined {
    switch (command) {
      case 0: {
        const handle = FIRST_HANDLE + handles.size
        handles.set(handle, BASE + handles.size * SPACE)
        return Buffer.concat([u64(handle), body.subarray(4, 12)])
      }
      case 1:
        return u64(32)
      case 2:
        return Buffer.alloc(8, 0xff)
      case 3:
        return u64(handles.get(Number(body.readBigUInt64LE())) ?? 0)
      case 6:
        memory.set(
          Number(body.readBigUInt64LE(220)) + Number(body.readBigUInt64LE(297)),
          Buffer.from(body.subarray(305)),
        )
        return
      case 7:
      case 9:
        return Buffer.alloc(1)
      case 8:
        return Buffer.alloc(Number(body.readBigUInt64LE(304)))
      case 11:
        return Buffer.concat([u64(1e15), u64(2e15)])
      case 13:
        return u64(64)
      case 14:
        return Buffer.concat([Uint8Array.of(7, 0, 0, 0), Buffer.alloc(24, 1)])
      case 15:
        return u32(1)
      default:
        return
    }
  }
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 9) {
      const size = Number(held.readBigUInt64LE(1))
      if (held.length < 9 + size) return
      const command = held.readUInt8(0)
      const body = Buffer.from(held.subarray(9, 9 + size))
      held = held.subarray(9 + size)
      seen.push({ command, body })
      const bytes = answer(command, body)
      if (bytes !== undefined) socket.write(Buffer.concat([u64(bytes.length), bytes]))
    }
    for (const wake of waiting.splice(0)) wake()
  })
  socket.on('close', () => {
    for (const wake of waiting.splice(0)) wake()
  })
  return {
    seen,
    memory,
    async waitFor(command, count = 1) {
      const here = () => seen.filter((request) => request.command === command).length
      while (here() < count && !socket.destroyed) {
        const { promise, resolve } = Promise.withResolvers<void>()
        waiting = [...waiting, resolve]
        await promise
      }
    },
  }
}
