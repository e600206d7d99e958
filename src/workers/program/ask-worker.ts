import type { Duplex } from 'node:stream'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, raceSignal } from '../../base/signals.ts'

export interface WorkerAnswer {
  /** Of ggml's RPC: `7.0.0`. */
  readonly protocol: string
  /** In the order of the RPC's device numbers. */
  readonly devices: readonly { readonly memoryFreeBytes: number; readonly memoryTotalBytes: number }[]
  /** The quickest of its answers. */
  readonly roundTripMs: number
}

/** Numbers and layouts of ggml's RPC (ggml/src/ggml-rpc/ggml-rpc.cpp, `enum rpc_cmd` and the messages below it). */
const HELLO = 14
const DEVICE_COUNT = 15
const GET_DEVICE_MEMORY = 11
const CAPABILITIES_BYTES = 24
const HELLO_ANSWER_BYTES = 4 + CAPABILITIES_BYTES
const MAX_DEVICES = 16

/**
 * Asks what a worker's program speaks and has. The stream is the worker's one client from then on, with HELLO said: whoever
 * wants to use it as an engine opens another one. Throws `worker.lost` when what comes is no answer, or the signal's reason.
 */
export async function askWorker(stream: Duplex, options: AbortOptions = {}): Promise<WorkerAnswer> {
  const reader = createByteReader(stream, options)
  try {
    return await askAll(stream, reader)
  } finally {
    reader.release()
  }
}

async function askAll(stream: Duplex, reader: Pick<ByteReader, 'read'>): Promise<WorkerAnswer> {
  let roundTripMs = Number.POSITIVE_INFINITY
  const ask = async (command: number, body: Buffer, answerBytes: number): Promise<Buffer> => {
    const asked = performance.now()
    stream.write(requestOf(command, body))
    const size = (await reader.read(8)).readBigUInt64LE()
    roundTripMs = Math.min(roundTripMs, performance.now() - asked)
    if (size !== BigInt(answerBytes)) throw noWorker(`it answered with ${size} bytes instead of ${answerBytes}`)
    return await reader.read(answerBytes)
  }
  const hello = await ask(HELLO, Buffer.alloc(CAPABILITIES_BYTES), HELLO_ANSWER_BYTES)
  const protocol = [hello.readUInt8(0), hello.readUInt8(1), hello.readUInt8(2)].join('.')
  const count = (await ask(DEVICE_COUNT, Buffer.alloc(0), 4)).readUInt32LE()
  if (count < 1 || count > MAX_DEVICES) throw noWorker(`it says that it has ${count} devices`)
  const devices: WorkerAnswer['devices'][number][] = []
  for (let device = 0; device < count; device++) {
    const number = Buffer.alloc(4)
    number.writeUInt32LE(device)
    const memory = await ask(GET_DEVICE_MEMORY, number, 16)
    devices.push({
      memoryFreeBytes: Number(memory.readBigUInt64LE(0)),
      memoryTotalBytes: Number(memory.readBigUInt64LE(8)),
    })
  }
  return { protocol, devices, roundTripMs }
}

function requestOf(command: number, body: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUInt8(command)
  head.writeBigUInt64LE(BigInt(body.length), 1)
  return Buffer.concat([head, body])
}

interface ByteReader {
  /** Exactly so many. */
  read(count: number): Promise<Buffer>
  /** Lets others listen to the stream. */
  release(): void
}

/** What a worker sends unasked stays with the stream, which holds little. */
function createByteReader(stream: Duplex, { signal }: AbortOptions): ByteReader {
  const chunks: AsyncIterator<Buffer> = stream.iterator({ destroyOnReturn: false })
  let held = Buffer.alloc(0)

  async function more(): Promise<Buffer> {
    const next = await raceSignal(chunks.next(), signal).catch((error: unknown) => {
      signal?.throwIfAborted()
      throw noWorker('the connection broke', error)
    })
    if (next.done === true) throw noWorker('it closed the connection')
    return next.value
  }

  return {
    async read(count) {
      while (held.length < count) held = Buffer.concat([held, await more()])
      const bytes = held.subarray(0, count)
      held = held.subarray(count)
      return bytes
    },
    // Not awaited: after an abort it waits for what never comes.
    release: () => void chunks.return?.(),
  }
}

function noWorker(why: string, cause?: unknown): AppError {
  return new AppError('worker.lost', `the worker's program does not answer as one: ${why}`, { cause })
}
