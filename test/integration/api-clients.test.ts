import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { readEvents, startApi } from './api-harness.ts'
import { reply, type Script } from './scripted-backend.ts'
import { scriptedRouter } from './scripted-router.ts'

const CHAT = '/v1/chat/completions'
const body = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] }

/** A backend that speaks until it is told to stop, and tells how it ended. */
function endless(piece = 'word ') {
  const ended = Promise.withResolvers<unknown>()
  const seen = { pulled: 0 }
  const script: Script = async function* script(_request, { signal }) {
    try {
      for (;;) {
        signal?.throwIfAborted()
        seen.pulled += 1
        yield reply({ message: Buffer.from(piece), tokens: seen.pulled })
        await new Promise(setImmediate)
      }
    } finally {
      ended.resolve(signal?.reason)
    }
  }
  return { script, seen, ended: ended.promise }
}

/** A backend that says one word, then nothing until its signal aborts or the gate opens. */
function waiting(first: string | undefined) {
  const gate = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<unknown>()
  const script: Script = async function* script(_request, { signal }) {
    try {
      if (first !== undefined) yield reply({ message: Buffer.from(first) })
      started.resolve()
      const aborted = new Promise<never>((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
      await Promise.race([gate.promise, aborted])
      yield reply({ message: Buffer.from(' and done') })
      return {}
    } finally {
      ended.resolve(signal?.reason)
    }
  }
  return { script, open: gate.resolve, started: started.promise, ended: ended.promise }
}

async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  return socket
}

function rawPost(path: string, value: unknown): string {
  const text = JSON.stringify(value)
  const head = [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/json']
  return `${head.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
}

/** Waits until the value has stopped changing for a while. */
async function settled(value: () => number): Promise<number> {
  let last = -1
  for (let same = 0; same < 5; same = value() === last ? same + 1 : 0) {
    last = value()
    await delay(20)
  }
  return last
}

describe('a client that goes away', () => {
  it('stops the generation of a stream', async () => {
    await using api = await startApi()
    const { script, ended } = endless()
    api.node.script = script
    const leaving = new AbortController()
    const response = await api.post(CHAT, { ...body, stream: true }, { signal: leaving.signal })
    await response.body?.getReader().read()
    leaving.abort()
    assert.match(String(await ended), /the client has gone/)
    await settled(() => api.node.leases)
    assert.equal(api.node.leases, 0)
  })

  it('stops the generation of all choices', async () => {
    await using api = await startApi()
    const { script, ended } = endless()
    api.node.script = script
    const leaving = new AbortController()
    const response = await api.post(CHAT, { ...body, stream: true, n: 3 }, { signal: leaving.signal })
    await response.body?.getReader().read()
    leaving.abort()
    await ended
    await settled(() => api.node.leases)
    assert.equal(api.node.leases, 0)
  })

  it('stops the generation of a whole answer, and is counted as gone', async () => {
    await using api = await startApi()
    const { script, started, ended } = waiting(undefined)
    api.node.script = script
    const leaving = new AbortController()
    const answer = api.post(CHAT, body, { signal: leaving.signal })
    await started
    leaving.abort()
    await assert.rejects(answer)
    assert.match(String(await ended), /the client has gone/)
    await settled(() => api.node.leases)
    assert.match(await api.metrics(), /local_ai_requests_total\{model="tiny",endpoint="chat",status="499"\} 1/)
    assert.match(await api.metrics(), /local_ai_requests_in_flight\{endpoint="chat"\} 0/)
    assert.match(await api.metrics(), /local_ai_requests_waiting\{endpoint="chat"\} 0/)
  })
})

describe('a client that reads slowly', () => {
  it('slows the generation down, and nothing piles up', async () => {
    await using api = await startApi()
    const piece = 'x'.repeat(16 * 1024)
    const { script, seen, ended } = endless(piece)
    api.node.script = script
    const socket = await openSocket(api.url)
    socket.pause()
    socket.write(rawPost(CHAT, { ...body, stream: true }))
    const before = await settled(() => seen.pulled)
    // The kernel's socket buffers take a few megabytes; the node itself must not take more than its own mark.
    assert.ok(before > 0 && before * piece.length < 32 * 1024 * 1024, `${before} pieces of ${piece.length} bytes`)
    let read = 0
    socket.on('data', (bytes) => {
      read += bytes.length
      if (read > before * piece.length * 2) socket.destroy()
    })
    socket.resume()
    await ended
    assert.ok(seen.pulled > before, 'it goes on when the client reads again')
  })

  it('is cut off when it reads nothing at all', async () => {
    await using api = await startApi({ streamLimits: { keepAliveMs: 1000, stallTimeoutMs: 50 } })
    const { script, ended } = endless('x'.repeat(64 * 1024))
    api.node.script = script
    const socket = await openSocket(api.url)
    socket.pause()
    socket.write(rawPost(CHAT, { ...body, stream: true }))
    await ended
    await settled(() => api.node.leases)
    assert.equal(api.node.leases, 0)
    socket.destroy()
  })
})

describe('a client that does not read an answer that was written in one piece', () => {
  const whole = 'x'.repeat(48 * 1024 * 1024)
  const script: Script = async function* script() {
    yield reply({ message: Buffer.from(whole) })
    return {}
  }

  it('is cut off, and holds no place for others', async () => {
    const scripted = scriptedRouter()
    await using api = await startApi(
      { streamLimits: { keepAliveMs: 1000, stallTimeoutMs: 200 } },
      { router: scripted.router },
    )
    api.node.script = script
    const released = once(scripted.events, 'released')
    const socket = await openSocket(api.url)
    socket.pause()
    socket.write(rawPost(CHAT, body))
    await released
    assert.equal(scripted.places, 0)
    socket.destroy()
  })
})

describe('a node that stops', () => {
  it('lets a running stream finish, and takes no new work meanwhile', async () => {
    const api = await startApi()
    const { script, open } = waiting('first')
    api.node.script = script
    const response = await api.post(CHAT, { ...body, stream: true })
    const stopped = api.server.stop()
    await assert.rejects(fetch(`${api.url}/v1/models`), 'no new connection is accepted')
    open()
    const events = await readEvents(response)
    assert.equal(events.pop(), '[DONE]')
    assert.match(JSON.stringify(events), /first.*and done.*"finish_reason":"stop"/)
    await stopped
    await api.server.stop()
  })

  it('refuses a new request on a connection that is still open', async () => {
    const api = await startApi()
    const { script, open, started } = waiting('first')
    api.node.script = script
    const socket = await openSocket(api.url)
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString('utf8')
    })
    socket.write(rawPost(CHAT, { ...body, stream: true }))
    await started
    const stopped = api.server.stop()
    socket.write(rawPost(CHAT, body))
    // Its answer waits behind the stream, so nothing tells that it has arrived.
    await settled(() => socket.bytesWritten)
    open()
    await once(socket, 'close')
    assert.match(text, /and done/)
    assert.match(text, /\[DONE\].*HTTP\/1\.1 503 .*the node is shutting down/s)
    await stopped
  })

  it('ends a stream that takes too long with an error event', async () => {
    const api = await startApi({ shutdownTimeoutMs: 20 })
    const { script, ended } = waiting('first')
    api.node.script = script
    const response = await api.post(CHAT, { ...body, stream: true })
    const [events] = await Promise.all([readEvents(response), api.server.stop()])
    assert.equal(events.pop(), '[DONE]')
    assert.match(JSON.stringify(events.pop()), /"code":503,"message":"the node is shutting down/)
    assert.match(String(await ended), /shutting down/)
    assert.equal(api.node.leases, 0)
  })

  it('answers a whole request that takes too long with 503', async () => {
    const api = await startApi({ shutdownTimeoutMs: 20 })
    const { script, started } = waiting(undefined)
    api.node.script = script
    const answer = api.post(CHAT, body)
    await started
    const [response] = await Promise.all([answer, api.server.stop()])
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('retry-after'), '5')
  })

  it('cuts a client that does not read', async () => {
    const api = await startApi({ shutdownTimeoutMs: 20 })
    const { script, seen } = endless('x'.repeat(64 * 1024))
    api.node.script = script
    const socket = await openSocket(api.url)
    socket.pause()
    socket.write(rawPost(CHAT, { ...body, stream: true }))
    await settled(() => seen.pulled)
    await api.server.stop()
    assert.equal(api.node.leases, 0)
    socket.destroy()
  })

  it('may be stopped before it was started, and closes idle connections at once', async () => {
    const api = await startApi()
    const socket = await openSocket(api.url)
    socket.write('GET /version HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(socket, 'data')
    await Promise.all([once(socket, 'close'), api.server.stop()])
  })
})

describe('a node with enough to do', () => {
  it('refuses more with 503, which is no failure of its own, and serves again afterwards', async () => {
    const failures: unknown[] = []
    const log = pino({ level: 'silent' })
    log.error = (...line: readonly unknown[]) => void failures.push(line)
    await using api = await startApi({ maxInFlight: 1, log })
    const { script, started, open } = waiting(undefined)
    api.node.script = script
    const first = api.post(CHAT, body)
    await started
    const second = await api.post(CHAT, { ...body, stream: true })
    assert.equal(second.status, 503)
    assert.equal(second.headers.get('retry-after'), '1')
    open()
    assert.equal((await first).status, 200)
    assert.equal((await api.post(CHAT, body)).status, 200)
    assert.deepEqual(failures, [])
  })
})
