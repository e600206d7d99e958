import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sendRaw } from './fuzz-client.ts'
import type { FuzzTarget } from './fuzz-run.ts'
import { type StartedTarget, UPLOAD_LIMIT_BYTES, WIDTH } from './fuzz-targets.ts'
import { poll } from './poll.ts'

const WAIT_MS = 10_000

/** Bytes in use once everything that can be collected is. */
export async function heapAfterCollection(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // What a first collection finalizes, a later one frees.
  for (let round = 0; round < 3; round += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  return process.memoryUsage().heapUsed
}

/** Once all requests have ended, nothing is held any more. */
export async function nothingIsHeld(target: StartedTarget): Promise<void> {
  let held: Readonly<Record<string, number>> = {}
  await poll(
    () => `${target.name} holds ${JSON.stringify(held)}`,
    WAIT_MS,
    async () => {
      held = await target.held()
      return Object.values(held).every((count) => count === 0)
    },
  )
}

/**
 * As many of the largest bodies as may be held are taken at the same time, which would not be so if a byte or a place of
 * any earlier request had not been given back; and one more is refused, so that this would show. A stream ends, and with it
 * its connection.
 */
export async function everythingIsFree(target: FuzzTarget, authorization: string): Promise<void> {
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${authorization}Content-Type: application/json\r\n`
  const body = JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'hi' }] })
  const whole = Buffer.from(`${head}Content-Length: ${UPLOAD_LIMIT_BYTES}\r\n\r\n${body.padEnd(UPLOAD_LIMIT_BYTES)}`)
  const half = whole.subarray(0, whole.length / 2)
  const sockets = await Promise.all(Array.from({ length: WIDTH }, () => target.connect()))
  for (const socket of sockets) socket.write(half)
  await poll('a body too many is refused', WAIT_MS, async () => {
    const answer = await sendRaw(await target.connect(), { bytes: whole.subarray(0, 1000), halfClose: false }, WAIT_MS)
    return answer?.status === 503
  })
  const answers = await Promise.all(
    sockets.map((socket) => sendRaw(socket, { bytes: whole.subarray(half.length), halfClose: false }, WAIT_MS)),
  )
  for (const answer of answers) {
    assert.equal(answer?.status, 200, answer?.body.toString())
    assert.match(answer.body.toString(), /Hello world/)
  }
  const streamed = body.replace('{', '{"stream":true,')
  const bytes = Buffer.from(`${head}Content-Length: ${streamed.length}\r\n\r\n${streamed}`)
  const stream = await sendRaw(await target.connect(), { bytes, halfClose: false }, WAIT_MS)
  assert.match(stream?.body.toString() ?? '', /\[DONE\]/)
}
