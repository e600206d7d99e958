import { connect, type Socket } from 'node:net'

export interface LoadTarget {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly body: unknown
}

export interface LoadResult {
  readonly requestsPerSecond: number
  readonly requests: number
  readonly latenciesMs: readonly number[]
  /** Answers that were not 200, or no answers; those are in no other figure. */
  readonly failures: number
}

interface LoadInit {
  readonly connections: number
  /** False: a new connection for each request. */
  readonly keepAlive: boolean
  readonly durationMs: number
}

/** Each connection asks again as soon as it has its answer. Raw sockets: the generator shares the machine with the rest. */
export async function closedLoop(target: LoadTarget, init: LoadInit): Promise<LoadResult> {
  const request = requestBytes(target, init.keepAlive)
  const latenciesMs: number[] = []
  let failures = 0
  const started = performance.now()
  const end = started + init.durationMs

  async function caller(): Promise<void> {
    let socket: Socket | undefined
    while (performance.now() < end) {
      const began = performance.now()
      try {
        socket ??= await open(target)
        const whole = answerOn(socket)
        socket.write(request)
        if ((await whole) === 200) latenciesMs.push(performance.now() - began)
        else failures += 1
      } catch {
        failures += 1
        socket?.destroy()
        socket = undefined
        // A server that refuses is not asked in a busy loop.
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (init.keepAlive) continue
      socket?.destroy()
      socket = undefined
    }
    socket?.destroy()
  }

  await Promise.all(Array.from({ length: init.connections }, caller))
  const elapsedSeconds = (performance.now() - started) / 1000
  return { requestsPerSecond: latenciesMs.length / elapsedSeconds, requests: latenciesMs.length, latenciesMs, failures }
}

export interface StreamsResult {
  /** From the stamp of the backend to its arrival here. */
  readonly delaysMs: readonly number[]
  /** The same, of the last second. */
  readonly lastDelaysMs: readonly number[]
  readonly tokens: number
  readonly expected: number
  readonly failures: number
}

interface StreamsInit {
  readonly streams: number
  readonly everyMs: number
  /** So long the streams are watched, once all run. */
  readonly windowMs: number
  /** Called when the watching begins and when it ends. */
  readonly onWindow: (edge: 'begin' | 'end') => void
}

const RAMP_MS_PER_STREAM = 5
const SETTLE_MS = 1000

/** Streams of stamped tokens at a fixed pace, begun one after the other so that their beats differ. */
export async function pacedStreams(target: Omit<LoadTarget, 'body'>, init: StreamsInit): Promise<StreamsResult> {
  const { streams, everyMs, windowMs } = init
  const rampMs = streams * RAMP_MS_PER_STREAM
  const tokens = Math.ceil((rampMs + SETTLE_MS + windowMs + 2 * SETTLE_MS) / everyMs)
  const content = JSON.stringify({ tokens, everyMs, stamped: true })
  const body = { model: 'bench', stream: true, messages: [{ role: 'user', content }] }
  const request = requestBytes({ ...target, body }, false)
  const delaysMs: number[] = []
  const lastDelaysMs: number[] = []
  const begin = performance.now() + rampMs + SETTLE_MS
  const end = begin + windowMs
  const sockets: Socket[] = []
  let failures = 0

  const take = (delayMs: number, now: number): void => {
    if (now < begin || now >= end) return
    delaysMs.push(delayMs)
    if (now >= end - 1000) lastDelaysMs.push(delayMs)
  }
  const started = performance.now()
  for (let index = 0; index < streams; index += 1) {
    await until(started + index * RAMP_MS_PER_STREAM)
    try {
      const socket = await open(target)
      sockets.push(socket)
      readStamps(socket, take)
      socket.once('close', () => {
        if (performance.now() < end) failures += 1
      })
      socket.write(request)
    } catch {
      failures += 1
    }
  }
  await until(begin)
  init.onWindow('begin')
  await until(end)
  init.onWindow('end')
  for (const socket of sockets) socket.destroy()
  return { delaysMs, lastDelaysMs, tokens: delaysMs.length, expected: (streams * windowMs) / everyMs, failures }
}

const MARK = Buffer.from('"content":"@')

/** Finds the stamps in the event stream, also where a chunk ends in the middle of one. */
function readStamps(socket: Socket, take: (delayMs: number, now: number) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    const now = performance.now()
    const nowMicroseconds = Number(process.hrtime.bigint() / 1000n)
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let done = 0
    for (let at = data.indexOf(MARK); at !== -1; at = data.indexOf(MARK, done)) {
      const stop = data.indexOf(0x20, at + MARK.length)
      if (stop === -1) break
      take((nowMicroseconds - Number(data.toString('latin1', at + MARK.length, stop))) / 1000, now)
      done = stop
    }
    rest = data.subarray(Math.max(done, data.length - 64))
  })
}

/** Resolves with the status once the whole answer is there; one answer at a time. */
function answerOn(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let head: { readonly status: number; readonly length: number | undefined } | undefined
    let seen: Buffer = Buffer.alloc(0)
    const finish = (act: () => void): void => {
      socket.off('data', onData).off('error', onGone).off('close', onGone)
      act()
    }
    const onGone = (): void => finish(() => reject(new Error('the connection ended before the answer')))
    const onData = (chunk: Buffer): void => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
      const bodyAt = seen.indexOf('\r\n\r\n') + 4
      if (bodyAt < 4) return
      head ??= readHead(seen.toString('latin1', 0, bodyAt))
      const { status, length } = head
      const whole = length === undefined ? seen.indexOf('0\r\n\r\n', -5) !== -1 : seen.length >= bodyAt + length
      if (whole) finish(() => resolve(status))
    }
    socket.on('data', onData).on('error', onGone).on('close', onGone)
  })
}

function readHead(text: string): { readonly status: number; readonly length: number | undefined } {
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
  return { status: Number(text.slice(9, 12)), length: length === undefined ? undefined : Number(length) }
}

function requestBytes({ host, port, path, body }: LoadTarget, keepAlive: boolean): Buffer {
  const text = JSON.stringify(body)
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: ${host}:${port}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    `connection: ${keepAlive ? 'keep-alive' : 'close'}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${text}`)
}

function open({ host, port }: Pick<LoadTarget, 'host' | 'port'>): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

async function until(time: number): Promise<void> {
  const wait = time - performance.now()
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
}
