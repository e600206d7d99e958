import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import { describe, it } from 'node:test'
import { NOT_STARTED_HEADER } from '../../src/federation/routed-request.ts'
import { poll } from '../support/poll.ts'
import { type PeerHarness, startApi, startPeerApp } from './api-harness.ts'
import { reply, words } from './scripted-backend.ts'

const CHAT = '/v1/chat/completions'
const BODY = JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'hi' }] })
const WAIT_MS = 5000
/** A body may have 1000 bytes, a member 2000, all together 3000. */
const LIMITS = { shutdownTimeoutMs: 1, uploadLimitBytes: 1000, bodyBudget: { totalBytes: 3000, perSourceBytes: 2000 } }

/** A connection of a member, as far as a face sees it. */
function openFrom(peer: PeerHarness, peerId: string): Duplex {
  const [theirs, ours] = duplexPair()
  // A pair knows nothing of its other end.
  ours.once('close', () => theirs.destroy())
  peer.app.accept(Object.assign(theirs, { remoteAddress: peerId }))
  return ours
}

async function openTo(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** All that is said until `enough` has been. */
async function heard(socket: Duplex, enough: RegExp): Promise<string> {
  let text = ''
  const told = Promise.withResolvers<void>()
  const listen = (bytes: Buffer): void => {
    text += String(bytes)
    if (enough.test(text)) told.resolve()
  }
  socket.on('data', listen)
  const closed = (): void => told.reject(new Error(`closed after: ${text}`))
  socket.on('close', closed)
  await told.promise
  socket.off('data', listen).off('close', closed)
  return text
}

const HEAD = `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`

/** Begins an upload; resolves when the node is about to read it, which is when it asks for it. */
async function begin(socket: Duplex, length: number | 'chunked'): Promise<void> {
  const framing = length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`
  socket.write(`${HEAD}${framing}\r\nExpect: 100-continue\r\n\r\n`)
  await heard(socket, /100 Continue/)
}

async function ask(socket: Duplex, body = BODY): Promise<string> {
  socket.write(`${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`)
  return await heard(socket, /\r\n\r\n[\s\S]*\}$/)
}

describe('the bodies of all requests together', () => {
  it('are bounded for each member, and another node may try what is refused', async () => {
    await using peer = await startPeerApp(LIMITS)
    const uploads = [openFrom(peer, 'a'), openFrom(peer, 'a')]
    for (const upload of uploads) await begin(upload, 1000)
    const other = openFrom(peer, 'a')
    for (let count = 0; count < 3; count += 1) {
      const refused = await ask(other)
      assert.match(refused, /HTTP\/1\.1 503 /)
      assert.match(refused, new RegExp(`${NOT_STARTED_HEADER}: 1`, 'i'))
      assert.match(refused, /retry-after: 1/i)
    }
    assert.match(await ask(openFrom(peer, 'b')), /HTTP\/1\.1 200 /)
    uploads[0]?.destroy()
    await poll('an aborted upload gives back', WAIT_MS, async () => /1\.1 200 /.test(await ask(other)))
    for (let count = 0; count < 30; count += 1) assert.match(await ask(other), /HTTP\/1\.1 200 /)
  })

  it('are bounded for all members, and one that is refused takes nothing', async () => {
    await using peer = await startPeerApp(LIMITS)
    const uploads = ['a', 'b', 'c'].map((peerId) => openFrom(peer, peerId))
    for (const upload of uploads) await begin(upload, 1000)
    const last = openFrom(peer, 'd')
    for (let count = 0; count < 5; count += 1) assert.match(await ask(last), /HTTP\/1\.1 503 /)
    uploads[0]?.destroy()
    await poll('there is room', WAIT_MS, async () => /1\.1 200 /.test(await ask(last)))
  })

  it('count as large as they may be until they are read, when their length is not told', async () => {
    await using peer = await startPeerApp({ ...LIMITS, bodyBudget: { totalBytes: 1100 } })
    const upload = openFrom(peer, 'a')
    const gate = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    peer.node.script = async function* script() {
      started.resolve()
      await gate.promise
      yield reply({ message: Buffer.from('done') })
      return {}
    }
    await begin(upload, 'chunked')
    const other = openFrom(peer, 'b')
    assert.match(await ask(other, `${BODY}${' '.repeat(200)}`), /HTTP\/1\.1 503 /)
    upload.write(`${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`)
    await started.promise
    const padded = ask(other, `${BODY}${' '.repeat(200)}`)
    const first = heard(upload, /\}$/)
    gate.resolve()
    assert.match(await padded, /HTTP\/1\.1 200 /)
    assert.match(await first, /done/)
  })

  it('leave nothing behind of requests that wait behind another one when their connection goes', async () => {
    await using peer = await startPeerApp(LIMITS)
    const started = Promise.withResolvers<void>()
    peer.node.script = async function* script(_request, { signal }) {
      started.resolve()
      await once(signal ?? new EventTarget(), 'abort')
      yield reply({})
      return {}
    }
    const upload = openFrom(peer, 'a')
    upload.write(`${HEAD}Content-Length: ${BODY.length}\r\n\r\n${BODY}`)
    await started.promise
    upload.write(`${HEAD}Content-Length: 1000\r\n\r\n{`)
    const other = openFrom(peer, 'a')
    const large = `${BODY}${' '.repeat(1000 - BODY.length)}`
    await poll('the second is held', WAIT_MS, async () => /1\.1 503 /.test(await refusal(other)))
    upload.destroy()
    peer.node.script = words('ok')
    const third = openFrom(peer, 'a')
    await begin(third, 1000)
    await poll('both gave back', WAIT_MS, async () => /1\.1 200 /.test(await ask(other, large)))

    /** Of a request that needs nearly all that is left. */
    async function refusal(socket: Duplex): Promise<string> {
      return await ask(socket, large.replace('tiny', 'nope'))
    }
  })

  it('are bounded for clients too, whoever they are; one that may be sent always fits', async () => {
    await using api = await startApi({ uploadLimitBytes: 1000, bodyBudget: { totalBytes: 10 } })
    const upload = await openTo(api.url)
    await begin(upload, 1000)
    const refused = await api.post(CHAT, BODY)
    assert.equal(refused.status, 503)
    assert.equal(refused.headers.get('retry-after'), '1')
    assert.equal(refused.headers.get(NOT_STARTED_HEADER), null)
    assert.equal((await fetch(`${api.url}/healthz`)).status, 200)
    upload.destroy()
    await poll('there is room', WAIT_MS, async () => (await api.post(CHAT, BODY)).status === 200)
    assert.equal((await api.post(CHAT, 'x'.repeat(1001))).status, 413)
    assert.equal((await api.post(CHAT, BODY)).status, 200)
  })
})

describe('the places for running requests', () => {
  it('do not all go to one member', async () => {
    await using peer = await startPeerApp({ maxInFlight: 4 })
    const gate = Promise.withResolvers<void>()
    let running = 0
    peer.node.script = async function* script() {
      running += 1
      await gate.promise
      yield reply({ message: Buffer.from('done') })
      return {}
    }
    const answers = [1, 2, 3].map(() => ask(openFrom(peer, 'a')))
    await poll('three run', WAIT_MS, () => running === 3)
    const refused = await ask(openFrom(peer, 'a'))
    assert.match(refused, /HTTP\/1\.1 503 /)
    assert.match(refused, new RegExp(`${NOT_STARTED_HEADER}: 1`, 'i'))
    const other = ask(openFrom(peer, 'b'))
    await poll('four run', WAIT_MS, () => running === 4)
    gate.resolve()
    for (const answer of await Promise.all([...answers, other])) assert.match(answer, /HTTP\/1\.1 200 /)
  })
})
