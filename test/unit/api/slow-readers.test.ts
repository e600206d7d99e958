import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { cutSlowReaders } from '../../../src/api/slow-readers.ts'

/** More than the kernel keeps for both sides of a connection. */
const LONG = Buffer.alloc(48 * 1024 * 1024, 'x')

async function serve(listener: RequestListener) {
  const server = createServer(listener)
  cutSlowReaders(server, { stallTimeoutMs: 50 })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => {})
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.destroy()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

describe('a client that reads slowly', () => {
  it('is cut off when something waits for it and it takes nothing', async () => {
    const closed = Promise.withResolvers<boolean>()
    await using stage = await serve((_request, response) => {
      response.once('close', () => closed.resolve(response.writableFinished))
      response.end(LONG)
    })
    stage.client.pause()
    assert.equal(await closed.promise, false)
  })

  it('is not cut off while nothing waits for it, however long that takes', async () => {
    await using stage = await serve(async (_request, response) => {
      response.write('first')
      for (let count = 0; count < 2; count += 1) {
        await once(response, 'timeout')
        response.write(', more')
      }
      response.end()
    })
    assert.match(await text(stage.client), /first.*, more.*, more.*0\r\n\r\n$/s)
  })

  it('gets all that it takes its time for', async () => {
    await using stage = await serve((_request, response) => void response.end(LONG))
    let length = 0
    for await (const bytes of stage.client) length += (bytes as Buffer).length
    assert.ok(length > LONG.length)
  })
})
