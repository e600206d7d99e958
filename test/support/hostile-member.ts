import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { LEASE_PATH, LEASE_PROTOCOL, toLeaseHeaders } from '../../src/workers/lease/lease-words.ts'
import type { LlamaRpc } from '../../src/workers/worker-process.ts'
import { allocate } from './rpc-guarded.ts'
import { deviceCount, hello } from './rpc-messages.ts'
import { BASE, FIRST_HANDLE } from './rpc-worker.ts'
import type { WorkerUser } from './worker-user.ts'

/** Asks on a stream, and gives the bodies of the answers. Rejects when the stream ends before one is whole. */
export function askOn(stream: Duplex): (message: Buffer) => Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  let wake = () => {}
  stream.on('error', () => {})
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    wake()
  })
  stream.on('close', () => wake())
  return async (message) => {
    stream.write(message)
    for (;;) {
      const held = Buffer.concat(chunks)
      const size = held.length < 8 ? undefined : Number(held.readBigUInt64LE(0))
      if (size !== undefined && held.length >= 8 + size) {
        chunks.splice(0, chunks.length, held.subarray(8 + size))
        length = held.length - 8 - size
        return held.subarray(8, 8 + size)
      }
      if (stream.destroyed || stream.readableEnded) throw new Error('the stream ended without an answer')
      const before = length
      await new Promise<void>((resolve) => {
        wake = resolve
        if (length !== before || stream.destroyed) resolve()
      })
    }
  }
}

/** A session that is in order so far, with one buffer of a real worker. */
export async function beginSession(stream: Duplex, bytes: number) {
  const ask = askOn(stream)
  await ask(hello)
  await ask(deviceCount)
  return { ask, ...(await allocate({ ask }, bytes)) }
}

/** A message that was written for the pretended worker's buffer, for a real one. */
export function relocate(message: Buffer, to: { readonly handle: number; readonly base: number }): Buffer {
  const bytes = Buffer.from(message)
  for (let at = 0; at + 8 <= bytes.length; at += 1) {
    const word = Number(bytes.readBigUInt64LE(at))
    if (word === FIRST_HANDLE) bytes.writeBigUInt64LE(BigInt(to.handle), at)
    else if (word >= BASE - 4096 && word < BASE + 65_536) bytes.writeBigUInt64LE(BigInt(to.base + word - BASE), at)
    else continue
    at += 7
  }
  return bytes
}

/** What the face for members answers to a request on a connection of its own. */
export async function askFace(
  { network }: Pick<WorkerUser, 'network'>,
  peerId: string,
  request: { readonly method?: string; readonly path: string; readonly headers?: Readonly<Record<string, string>> },
): Promise<{ readonly status: number; readonly body: Buffer; readonly stream?: Duplex }> {
  const socket = await network.openSocket(peerId)
  const answer = Promise.withResolvers<{ status: number; body: Buffer; stream?: Duplex }>()
  const sent = httpRequest({ createConnection: () => socket, host: 'peer', ...request })
  sent.on('error', answer.reject)
  sent.once('upgrade', (_response, stream: Duplex) => answer.resolve({ status: 101, body: Buffer.alloc(0), stream }))
  sent.once('response', async (response: IncomingMessage) => {
    // What was refused may be cut behind the answer.
    sent.off('error', answer.reject).on('error', () => {})
    const body = Buffer.concat(await response.toArray().catch(() => []))
    socket.destroy()
    answer.resolve({ status: response.statusCode ?? 0, body })
  })
  sent.end()
  return await answer.promise
}

export function leaseRequest(
  own: Pick<LlamaRpc, 'build' | 'protocol'>,
  words: { readonly memoryBytes: number; readonly waitMs: number },
): Parameters<typeof askFace>[2] {
  const { build, protocol } = own
  const headers = toLeaseHeaders({ model: 'm', build, protocol, ...words })
  return { method: 'POST', path: LEASE_PATH, headers: { ...headers, connection: 'Upgrade', upgrade: LEASE_PROTOCOL } }
}
