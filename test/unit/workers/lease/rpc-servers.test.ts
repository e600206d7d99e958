import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import { AppError } from '../../../../src/base/errors.ts'
import { createRpcServers } from '../../../../src/workers/lease/rpc-servers.ts'
import { probeServer } from '../../../../src/workers/program/external-worker.ts'

const log = pino({ level: 'silent' })
/** By command: HELLO, the number of devices, the memory of one. */
const ANSWER_BYTES = new Map([
  [14, 28],
  [15, 4],
  [11, 16],
])

/** Says RPC 7.0.0 and one device to whoever asks. */
async function startServer() {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (request: Buffer) => {
      const command = request[0] ?? 0
      const answer = Buffer.alloc(8 + (ANSWER_BYTES.get(command) ?? 0))
      answer.writeBigUInt64LE(BigInt(answer.length - 8))
      if (command === 14) answer[8] = 7
      if (command === 15) answer[8] = 1
      socket.write(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}

const isBusy = (error: unknown): boolean => error instanceof AppError && error.code === 'worker.busy'

describe('an RPC server that somebody else runs', () => {
  it('is given to one of two models that want it at the same time, and free again afterwards', async () => {
    await using server = await startServer()
    const servers = createRpcServers({ log, probe: probeServer }, { addresses: [] })
    const own = { protocol: '7.0.0' }
    const [first, second] = await Promise.allSettled([
      servers.connect(server.address, own),
      servers.connect(server.address, own),
    ])
    assert.equal(first.status, 'fulfilled')
    assert.ok(second.status === 'rejected' && isBusy(second.reason), second.status)
    first.value.destroy()
    await once(first.value, 'close')
    await assert.rejects(servers.connect(server.address, { protocol: '6.0.0' }), /speaks RPC 7.0.0/)
    const third = await servers.connect(server.address, own)
    third.destroy()
  })
})
