import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { duplexPair } from 'node:stream'
import { describe, it } from 'node:test'
import { AppError } from '../../../../src/base/errors.ts'
import { askWorker } from '../../../../src/workers/program/ask-worker.ts'
import { createExternalWorker, probeServer } from '../../../../src/workers/program/external-worker.ts'

const withCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code
const limits = { threads: 1, memoryBytes: 1024 }

function message(bytes: Buffer): Buffer {
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(bytes.length))
  return Buffer.concat([size, bytes])
}

const hello = message(Buffer.concat([Buffer.from([7, 0, 3, 0]), Buffer.alloc(24)]))
const oneDevice = message(Buffer.from([1, 0, 0, 0]))
const memory = message(Buffer.concat([number(2n ** 33n), number(2n ** 34n)]))

function number(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

/** Answers each request, whatever it is, with the next of these; a byte at a time when asked to. */
function answering(answers: readonly Buffer[], socket: Pick<Socket, 'on' | 'write' | 'end'>): void {
  const left = [...answers]
  socket.on('data', () => {
    const next = left.shift()
    if (next === undefined) socket.end()
    else for (const byte of next) socket.write(Buffer.from([byte]))
  })
}

describe('asking a worker what it speaks', () => {
  it('reads HELLO, the devices and their memory, however the bytes arrive', async () => {
    const [near, far] = duplexPair()
    const requests: Buffer[] = []
    far.on('data', (chunk: Buffer) => requests.push(chunk))
    answering([hello, oneDevice, memory], far as unknown as Socket)
    const { protocol, devices } = await askWorker(near)
    assert.equal(protocol, '7.0.3')
    assert.deepEqual(devices, [{ memoryFreeBytes: 2 ** 33, memoryTotalBytes: 2 ** 34 }])
    const sent = Buffer.concat(requests).toString('hex')
    assert.equal(sent, `0e1800000000000000${'00'.repeat(24)}0f0000000000000000${'0b0400000000000000'}00000000`)
  })
  it('takes nothing else for an answer', async () => {
    const cases: readonly (readonly Buffer[])[] = [
      [],
      [message(Buffer.alloc(4))],
      [Buffer.from('HTTP/1.1 400 Bad Request\r\n')],
      [hello, message(Buffer.from([0, 0, 0, 0]))],
      [hello, message(Buffer.from([0, 0, 0, 1]))],
      [hello, oneDevice],
    ]
    for (const answers of cases) {
      const [near, far] = duplexPair()
      answering(answers, far as unknown as Socket)
      await assert.rejects(askWorker(near), withCode('worker.lost'), `${answers.length} answers`)
    }
  })
  it('ends with the reason of the signal when nothing comes', async () => {
    const [near] = duplexPair()
    const caller = new AbortController()
    const reason = new Error('enough')
    const asked = askWorker(near, { signal: caller.signal })
    caller.abort(reason)
    await assert.rejects(asked, (error) => error === reason)
  })
})

describe('a worker that somebody else runs', () => {
  it('is asked on one connection and used on the next', async () => {
    const connections: Socket[] = []
    await using server = await listen((socket) => {
      connections.push(socket)
      if (connections.length === 1) answering([hello, oneDevice, memory], socket)
      else socket.end('for its user')
    })
    const worker = await createExternalWorker(server.address).start(limits)
    assert.equal(Buffer.concat(await worker.socket.toArray()).toString(), 'for its user')
    assert.equal(worker.pid, undefined)
    await worker.stop()
    await worker.ended
    assert.equal(connections.length, 2)
  })
  it('tells its memory', async () => {
    await using server = await listen((socket) => answering([hello, oneDevice, memory], socket))
    const probed = await probeServer(server.address, { signal: new AbortController().signal })
    assert.equal(probed.protocol, '7.0.3')
    assert.equal(probed.memoryFreeBytes, 2 ** 33)
    assert.ok(probed.roundTripMs < 1000)
  })
  it('counts as busy when it accepts and says nothing, and as unreachable when it does not accept', async () => {
    const server = await listen(() => {})
    const external = createExternalWorker(server.address, { answerTimeoutMs: 50 })
    await assert.rejects(external.start(limits), withCode('worker.busy'))
    await server[Symbol.asyncDispose]()
    await assert.rejects(external.start(limits), withCode('peer.unreachable'))
  })
})

async function listen(
  serve: (socket: Socket) => void,
): Promise<AsyncDisposable & { readonly address: { readonly host: string; readonly port: number } }> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  assert.ok(bound !== null && typeof bound === 'object')
  return {
    address: { host: '127.0.0.1', port: bound.port },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
