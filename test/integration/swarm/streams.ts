import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { before, it } from 'node:test'
import { poll } from '../../support/poll.ts'
import { needsProc } from '../../support/processes.ts'
import type { Swarm, SwarmNode } from '../../support/swarm.ts'

const EVERY_MS = 100
/** As events half a gigabyte: more than fits anywhere. */
const FLOOD = { tokens: 3_000_000 }
/** What fits between the backend and a client that does not read: the windows and sockets of three hops, five megabytes. */
const MOST_ON_THE_WAY = 100_000
const STILL_MS = 1000
const MEGABYTE = 1024 * 1024

/** Streams of `ada`, read through `door`. Each of the models `left` and `unread` has a process of its own, and nobody has used any model. */
export function streamTests(swarmOf: () => Swarm): void {
  let swarm: Swarm
  before(() => {
    swarm = swarmOf()
  })

  it('comes piece by piece, and a client that leaves stops the other machine within one token', async () => {
    const leave = new AbortController()
    const door = swarm.node('door')
    const { backends } = swarm.node('ada')
    const script = { tokens: 1000, everyMs: EVERY_MS }
    const response = await door.chat('left', script, { stream: true, signal: leave.signal })
    const backend = await backends.nextStart()
    let received = 0
    await assert.rejects(async () => {
      for await (const chunk of response.body ?? []) {
        received += tokensIn(Buffer.from(chunk).toString())
        if (received >= 5) leave.abort()
      }
    })
    const { sent, cancelled } = await backend.next('predict-ended')
    assert.equal(cancelled, true)
    assert.ok(sent - received <= 1, `${sent} tokens were made, ${received} had been read`)

    // The place is free again, and the same process answers.
    assert.equal((await door.chat('left', 'hello')).status, 200)
    assert.equal(backends.starts, 1)
  })

  it('waits for a client that does not read, and nobody in between keeps it', needsProc, async () => {
    const door = swarm.node('door')
    const ada = swarm.node('ada')
    await (await door.chat('unread', 'hello')).text()
    const backend = await ada.backends.nextStart()
    const before = [memoryOf(ada), memoryOf(door)]
    const client = openSilent(door, 'unread', FLOOD)
    await backend.next('stalled')
    let stalls = 0
    let since = performance.now()
    await poll('the backend stands still', 30_000, () => {
      if (backend.count('stalled') !== stalls) since = performance.now()
      stalls = backend.count('stalled')
      return performance.now() - since > STILL_MS
    })
    for (const [index, node] of [ada, door].entries()) {
      const grown = (memoryOf(node) - (before[index] ?? 0)) / MEGABYTE
      // A heap that has been busy is a hundred megabytes larger, with next to nothing in it.
      assert.ok(grown < 192, `${node.name} grew by ${grown.toFixed(0)} MB`)
    }
    // The first one ended with the greeting above.
    await backend.next('predict-ended')
    client.destroy()
    const { sent, cancelled } = await backend.next('predict-ended')
    assert.equal(cancelled, true)
    assert.ok(sent < MOST_ON_THE_WAY, `${sent} tokens were made for a client that reads none`)
  })
}

function tokensIn(events: string): number {
  return (events.match(/"content":"t\d+ "/g) ?? []).length
}

/** A raw client that asks for a stream and then does not read. */
function openSilent(node: SwarmNode, model: string, script: unknown) {
  const { host, hostname, port } = new URL(node.url)
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: JSON.stringify(script) }] })
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => {})
  const head = [
    'POST /v1/chat/completions HTTP/1.1',
    `host: ${host}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  return socket
}

/** Resident bytes. */
function memoryOf(node: SwarmNode): number {
  const status = readFileSync(`/proc/${node.process.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}
