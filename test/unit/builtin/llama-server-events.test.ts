import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Dispatcher, Pool } from 'undici'
import { type EventStream, openEventStream } from '../../../src/builtin/llama-cpp/llama-server/event-stream.ts'

interface Numbered {
  readonly n: number
  readonly text?: string
}

/** An HTTP server on a unix socket, and a way to open its stream; both are closed at the end. */
async function serve(listener: RequestListener) {
  const folder = await mkdtemp(join(tmpdir(), 'event-stream-'))
  const socketPath = join(folder, 'x.sock')
  const server = createServer(listener).listen(socketPath)
  await once(server, 'listening')
  const pool = new Pool('http://x', { connect: { socketPath } })
  return {
    open: (signal?: AbortSignal): EventStream<Numbered> =>
      openEventStream<Numbered>(pool, {
        path: '/completion',
        body: '{}',
        toError: (status, body) => new Error(`${status} ${body}`),
        ...(signal === undefined ? {} : { signal }),
      }),
    async [Symbol.asyncDispose]() {
      await pool.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true })
    },
  }
}

const event = (n: number, text?: string): string => `data: ${JSON.stringify({ n, text })}\n\n`

async function readAll(stream: EventStream<Numbered>): Promise<Numbered[]> {
  const events: Numbered[] = []
  for (let next = await stream.next(); next !== undefined; next = await stream.next()) events.push(next)
  return events
}

describe('the event stream', () => {
  it('reads events however they are cut, and skips comments', async () => {
    const whole = Buffer.from(`${event(1, 'é😀')}:\n\n${event(2)}${event(3, 'a\n\nb')}`)
    await using server = await serve(async (_request, response) => {
      for (const byte of whole) {
        response.write(Buffer.of(byte))
        await new Promise((resolve) => setImmediate(resolve))
      }
      response.end()
    })
    assert.deepEqual(await readAll(server.open()), [{ n: 1, text: 'é😀' }, { n: 2 }, { n: 3, text: 'a\n\nb' }])
  })
  it('asks nothing on a connection that had a stream before: llama-server closes it when it likes', async () => {
    const used = new WeakSet<object>()
    await using server = await serve((request, response) => {
      if (used.has(request.socket)) request.socket.destroy()
      else response.end(event(1))
      used.add(request.socket)
    })
    for (let times = 0; times < 3; times += 1) assert.deepEqual(await readAll(server.open()), [{ n: 1 }])
  })
  it('rejects with the error that an answer of another status means', async () => {
    await using server = await serve((_request, response) => response.writeHead(400).end('bad grammar'))
    await assert.rejects(server.open().next(), /400 bad grammar/)
  })
  it('rejects when the connection breaks', async () => {
    await using server = await serve((request, response) => {
      response.write(event(1), () => request.socket.destroy())
    })
    const stream = server.open()
    assert.deepEqual(await stream.next(), { n: 1 })
    await assert.rejects(stream.next())
  })
  it('closes the connection when cancelled', async () => {
    const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>()
    await using server = await serve((_request, response) => {
      response.on('close', onClosed)
      response.write(event(1))
    })
    const stream = server.open()
    await stream.next()
    stream.cancel()
    await closed
    assert.equal(await stream.next(), undefined)
  })
  it('rejects with the reason of its signal, whatever still waits', async () => {
    const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>()
    await using server = await serve((_request, response) => {
      response.on('close', onClosed)
      response.write(event(1) + event(2))
    })
    const caller = new AbortController()
    const stream = server.open(caller.signal)
    await stream.next()
    const reason = new Error('enough')
    caller.abort(reason)
    await assert.rejects(stream.next(), (error) => error === reason)
    await closed
    assert.throws(
      () => server.open(AbortSignal.abort(reason)),
      (error) => error === reason,
    )
  })
  it('ends a request that was cancelled before it had a connection', async () => {
    const connection = fakeConnection()
    const stream = openEventStream<Numbered>(connection, INIT)
    stream.cancel()
    connection.handler().onRequestStart?.(connection.controller, {})
    assert.equal(connection.controller.aborted, true)
    assert.equal(await stream.next(), undefined)
  })
  it('stops reading when the reader does, and goes on with it', async () => {
    const connection = fakeConnection()
    const { controller } = connection
    const stream = openEventStream<Numbered>(connection, INIT)
    const handler = connection.handler()
    handler.onRequestStart?.(controller, {})
    handler.onResponseStart?.(controller, 200, {})
    let sent = 0
    while (!controller.paused && sent < 1000) {
      sent += 1
      handler.onResponseData?.(controller, Buffer.from(event(sent)))
    }
    assert.ok(sent < 100, `${sent} events were taken although none was read`)
    for (let read = 1; read <= sent; read++) {
      assert.equal(controller.paused, true)
      assert.deepEqual(await stream.next(), { n: read })
    }
    assert.equal(controller.paused, false)
    handler.onResponseEnd?.(controller, {})
    assert.equal(await stream.next(), undefined)
  })
})

const INIT = { path: '/', body: '{}', toError: () => new Error('unexpected') }

/** A connection whose every step is ours. */
function fakeConnection() {
  let given: Dispatcher.DispatchHandler | undefined
  const controller = {
    aborted: false,
    paused: false,
    reason: null,
    abort() {
      this.aborted = true
    },
    pause() {
      this.paused = true
    },
    resume() {
      this.paused = false
    },
  }
  return {
    controller,
    dispatch: (_options: unknown, handler: Dispatcher.DispatchHandler): boolean => {
      given = handler
      return true
    },
    handler(): Dispatcher.DispatchHandler {
      assert.ok(given !== undefined)
      return given
    },
  }
}
