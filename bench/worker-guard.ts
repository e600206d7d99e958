// What stands between two machines costs so much CPU time for each token: the checks alone, and with the streams.
//   node bench/worker-guard.ts
import { connect, createServer, type Socket } from 'node:net'
import { createGuardWorker } from '../src/workers/wire/guard-worker.ts'
import { FRAME_BYTES, SET_TENSOR_BYTES } from '../src/workers/wire/rpc-protocol.ts'
import { createRpcSession } from '../src/workers/wire/rpc-session.ts'
import { getTensor, graph, graphRecompute, setTensor, tensor } from '../test/support/rpc-messages.ts'
import { placed, sampleGraph, sampleSession } from '../test/support/rpc-sample.ts'
import { BASE, FIRST_HANDLE, startRpcWorker } from '../test/support/rpc-worker.ts'

const TOKENS = 5000
const x = tensor({ buffer: FIRST_HANDLE, data: BASE, ne: [2048] })
/** What a worker gets for a token: its input, the graph of the last time again, and the question for the result. */
const TOKEN = [setTensor(x, 0, Buffer.alloc(8192)), graphRecompute, getTensor(x, 0, 8192)]

function cpuMicroseconds(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return user + system
}

function checksAlone(): void {
  const session = createRpcSession({ memoryBytes: 1 << 20, pieces: true })
  const ask = (message: Buffer) => {
    const command = message.readUInt8(0)
    const head = command === 6 ? FRAME_BYTES + SET_TENSOR_BYTES : message.length
    const size = message.length - FRAME_BYTES
    const wrong = session.checkFrame(command, size)
    const verdict = session.check(command, message.subarray(FRAME_BYTES, head), size)
    if (wrong !== undefined || 'refused' in verdict) throw new Error(`refused: ${JSON.stringify(verdict)}`)
    return verdict.answer
  }
  for (const message of sampleSession().slice(0, 5)) {
    const answer = ask(message)
    if (answer?.from !== 'worker') continue
    const words = [Buffer.alloc(28), Buffer.alloc(28)]
    words[0]?.writeUInt32LE(1)
    if (message[0] === 0) words[0]?.writeBigUInt64LE(BigInt(FIRST_HANDLE))
    if (message[0] === 0) words[0]?.writeBigUInt64LE(BigInt(1 << 16), 8)
    if (message[0] === 3) words[0]?.writeBigUInt64LE(BigInt(BASE))
    answer.learn?.(words[0] ?? Buffer.alloc(28))
  }
  ask(sampleGraph())
  for (const rounds of [TOKENS, TOKENS * 10]) {
    const started = process.cpuUsage()
    for (let i = 0; i < rounds; i++) for (const message of TOKEN) ask(message)
    const each = cpuMicroseconds(started) / rounds
    if (rounds !== TOKENS) console.log(`checks of a token's three messages: ${each.toFixed(2)} us`)
  }
  const tensors = Array.from({ length: 3000 }, (_, i) =>
    tensor(placed(0, { id: i + 1, ne: [16, 4], op: i < 1500 ? 0 : 2, src: i < 1500 ? [] : [i, i - 1000] })),
  )
  const large = graph(
    Array.from({ length: 1500 }, (_, i) => i + 1501),
    tensors,
  )
  const message = Buffer.concat([Uint8Array.of(10), Buffer.alloc(8), large])
  for (const rounds of [20, 100]) {
    const started = process.cpuUsage()
    for (let i = 0; i < rounds; i++) ask(message)
    const each = cpuMicroseconds(started) / rounds
    if (rounds === 100) console.log(`a graph of 1500 nodes and 3000 tensors: ${(each / 1000).toFixed(2)} ms`)
  }
}

async function pair(): Promise<readonly [Socket, Socket]> {
  const { promise, resolve } = Promise.withResolvers<Socket>()
  const server = createServer({ noDelay: true }, resolve).listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const client = connect({ port, host: '127.0.0.1', noDelay: true })
  const other = await promise
  server.close()
  return [client, other]
}

async function throughStreams(withGuard: boolean): Promise<number> {
  const [client, near] = await pair()
  const [far, worker] = withGuard ? await pair() : [near, near]
  startRpcWorker(worker)
  const limits = { memoryBytes: 1 << 20, stallTimeoutMs: 60_000 }
  const over = withGuard ? createGuardWorker({ pieces: true })({ client: near, worker: far }, { limits }) : undefined
  let waitingFor = 0
  let got = () => {}
  client.on('data', (chunk: Buffer) => {
    waitingFor -= chunk.length
    if (waitingFor <= 0) got()
  })
  const ask = (message: Buffer, bytes: number) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    waitingFor = bytes
    got = resolve
    client.write(message)
    return bytes === 0 ? undefined : promise
  }
  const sizes = [36, 12, 24, 24, 16]
  for (const [i, message] of sampleSession().slice(0, 5).entries()) await ask(message, sizes[i] ?? 0)
  await ask(sampleGraph(), 0)
  let started = process.cpuUsage()
  for (let i = 0; i < TOKENS + 1000; i++) {
    if (i === 1000) started = process.cpuUsage()
    for (const message of TOKEN.slice(0, 2)) client.write(message)
    await ask(TOKEN[2] ?? Buffer.alloc(0), 8200)
  }
  const each = cpuMicroseconds(started) / TOKENS
  client.destroy()
  await over
  return each
}

checksAlone()
const direct = await throughStreams(false)
const guarded = await throughStreams(true)
console.log(`a token to a worker in this process: ${direct.toFixed(0)} us, through the guard: ${guarded.toFixed(0)} us`)
