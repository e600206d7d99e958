import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { raceSignal } from '../../src/base/signals.ts'
import { type HostileCase, type HostileDeps, MEBIBYTE, must, request, type Stage } from './hostile-case.ts'
import { askFace, beginSession, leaseRequest, relocate } from './hostile-member.ts'
import { poll } from './poll.ts'
import { gone } from './processes.ts'
import { seededRandom } from './random.ts'
import { ATTACKS } from './rpc-attacks.ts'
import { hello } from './rpc-messages.ts'
import { SAMPLE_BYTES, sampleSession } from './rpc-sample.ts'
import { FIRST_HANDLE } from './rpc-worker.ts'

const FUZZED_SESSIONS = 60
const CUT_WITHIN_MS = 5000
const JUDGED_WITHIN_MS = 300
/** HELLO, the devices and the one buffer: what every session here begins with. */
const BEGINNING: ReadonlySet<number | undefined> = new Set([14, 15, 0, 3])

/** Bytes of bad will, from members and from others. */
export function attackCases({ stage, llamaRpc }: HostileDeps): readonly HostileCase[] {
  return [
    {
      name: 'published attacks over the real upgrade',
      async what() {
        await using here = await stage()
        for (const [name, attack] of Object.entries(ATTACKS)) {
          await using lease = await here.user.pool.lease(here.lenderId, request({ waitMs: 20_000 }))
          const pid = await here.worker()
          const session = await beginSession(lease.stream, 4096)
          must(session.handle !== FIRST_HANDLE, 'a real worker has handles of its own')
          lease.stream.write(relocate(attack, session))
          // Nothing of it waits for more: the guard has to end it, and by itself.
          const late = AbortSignal.timeout(CUT_WITHIN_MS)
          await raceSignal(lease.over, late).catch(() => must(false, `${name} is not cut`))
          await gone(pid)
          mustNotBeLost(here, name)
        }
        await here.stillLends()
        const cut = here.lender.log.filter((line) => line.includes('"outcome":"cut"')).length
        must(cut === Object.keys(ATTACKS).length, `${cut} were cut`)
        return `${cut} attacks, all cut by the guard, no worker lost`
      },
    },
    {
      name: 'mutated sessions over the real upgrade',
      async what() {
        await using here = await stage()
        const seed = Date.now() % 2 ** 31
        const random = seededRandom(seed)
        for (let i = 0; i < FUZZED_SESSIONS; i += 1) {
          await using lease = await here.user.pool.lease(here.lenderId, request({ waitMs: 20_000 }))
          const session = await beginSession(lease.stream, SAMPLE_BYTES)
          for (const message of mutatedSession(random)) lease.stream.write(relocate(message, session))
          // What is in order, or waits for more, goes on: it is ended here.
          await raceSignal(lease.over, AbortSignal.timeout(JUDGED_WITHIN_MS)).catch(() => lease.stream.destroy())
          await lease.over
          mustNotBeLost(here, `seed ${seed}, session ${i}`)
        }
        await here.stillLends()
        const cut = here.lender.log.filter((line) => line.includes('"outcome":"cut"')).length
        must(cut > 0, 'the dice changed nothing')
        return `${FUZZED_SESSIONS} sessions, ${cut} cut by the guard, seed ${seed}, no worker was lost`
      },
    },
    {
      name: 'a request that comes byte by byte',
      async what() {
        await using here = await stage()
        const began = performance.now()
        const socket = await here.user.network.openSocket(here.lenderId)
        const closed = new Promise<void>((resolve) => socket.on('error', () => {}).once('close', resolve))
        const bytes = Buffer.from('POST /p2p/workers/lease HTTP/1.1\r\nHost: peer\r\nUpgrade: local-ai-rpc\r\nX-Slow: ')
        socket.write(bytes)
        const drip = setInterval(() => socket.write('a'), 500)
        socket.resume()
        await here.stillLends()
        await closed.finally(() => clearInterval(drip))
        return `closed after ${seconds(began)} s, others were served meanwhile`
      },
    },
    {
      name: 'a lease without a word, and one that stops in the middle of a message',
      async what() {
        await using here = await stage()
        const began = performance.now()
        const silent = await here.user.pool.lease(here.lenderId, request())
        const other = await here.join('other')
        const next = other.pool.lease(await other.findWorker(), request({ waitMs: 60_000 }))
        await silent.over
        const first = seconds(began)
        const half = await next
        half.stream.write(hello.subarray(0, 20))
        const halfBegan = performance.now()
        await half.over
        await poll('no worker is left', 5000, () => here.lender.processes().length === 0)
        return `cut after ${first} s, and after ${seconds(halfBegan)} s`
      },
    },
    {
      name: 'a hundred requests at once',
      async what() {
        await using here = await stage()
        const ask = async (waitMs: number) =>
          await askFace(here.user, here.lenderId, leaseRequest(llamaRpc, { memoryBytes: 64 * MEBIBYTE, waitMs }))
        const answers = await Promise.all(
          Array.from({ length: 100 }, async (_, i) => await ask(i % 2 === 0 ? 0 : 2000)),
        )
        const granted = answers.filter(({ status }) => status === 101)
        const refused = answers.filter(({ status }) => status === 503)
        must(granted.length === 1 && refused.length === 99, `${granted.length} granted, ${refused.length} refused`)
        must(here.lender.processes().length === 1, 'one worker')
        granted[0]?.stream?.destroy()
        await here.stillLends()
        return '1 granted, 99 refused as busy, one worker process'
      },
    },
    {
      name: 'what is no request for a lease',
      async what() {
        await using here = await stage()
        const good = leaseRequest(llamaRpc, { memoryBytes: 64 * MEBIBYTE, waitMs: 0 })
        const bad: Readonly<Record<string, string>>[] = [
          { 'x-localai-lease-memory': '-1' },
          { 'x-localai-lease-memory': '0' },
          { 'x-localai-lease-memory': '99999999999999999999' },
          { 'x-localai-lease-protocol': '7' },
          { 'x-localai-lease-build': '../../x' },
          { 'x-localai-lease-model': '%' },
        ]
        for (const headers of bad) {
          const answer = await askFace(here.user, here.lenderId, { ...good, headers: { ...good.headers, ...headers } })
          must(answer.status === 400, `${JSON.stringify(headers)}: ${answer.status}`)
        }
        const early = await here.user.network.openSocket(here.lenderId)
        early.on('error', () => {})
        const words = Object.entries(good.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
        early.end(`POST ${good.path} HTTP/1.1\r\nHost: peer\r\n${words.join('')}\r\nbytes before the answer`)
        must(/^HTTP\/1.1 400/.test(String(Buffer.concat(await early.toArray()))), 'bytes before the answer are refused')
        must(here.lender.processes().length === 0, 'no worker was started')
        await here.stillLends()
        return `${bad.length + 1} refused with 400, no worker started`
      },
    },
    {
      name: 'members that may not borrow',
      async what() {
        await using here = await stage({ arguments: ['--lend-to', 'user'] })
        const guest = await here.join('guest')
        const answers: string[] = []
        answers.push(await refusal(guest.pool.lease(await guest.findWorker(), request())))
        const view = guest.pool.list()[0]
        must(view?.unusable !== undefined, 'it is remembered')
        const face = await askFace(guest, here.lenderId, leaseRequest(llamaRpc, { memoryBytes: MEBIBYTE, waitMs: 0 }))
        must(face.status === 403, `${face.status}`)
        const stranger = await here.join('user', { group: 'elsewhere' })
        await poll('they know each other', 10_000, () => stranger.network.peers().length > 0)
        const theirs = await poll('the record is there', 10_000, async () => {
          const answer = await askFace(
            stranger,
            here.lenderId,
            leaseRequest(llamaRpc, { memoryBytes: MEBIBYTE, waitMs: 0 }),
          )
          return answer.status !== 101 && /group/.test(String(answer.body)) && answer
        })
        answers.push(`${theirs.status}`)
        must(stranger.pool.list().length === 0, 'another group sees nobody that lends')
        const old = await here.join('user', { llamaRpc: { ...llamaRpc, build: '0.0.1-linux-x64' } })
        await old.findWorker()
        answers.push(await refusal(old.pool.lease(here.lenderId, request())))
        must(here.lender.processes().length === 0, 'no worker was started')
        await here.stillLends()
        return answers.join(', ')
      },
    },
    {
      name: 'what a worker could tell of its node',
      async what() {
        await using here = await stage()
        await using lease = await here.user.pool.lease(here.lenderId, request())
        await beginSession(lease.stream, 4096)
        const pid = await here.worker()
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
        must(environment === 'LOCALAI_LIFELINE_FD=0\0', `its environment: ${environment}`)
        const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
        must(open.length === 4 && open.every((name) => /^(socket|pipe):/.test(name)), `open: ${open.join(' ')}`)
        const secret = here.token.slice(0, 24)
        for (const one of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
          const words = await readOrNothing(`/proc/${one}/cmdline`)
          must(!words.includes(secret), `the token is in the process list: ${one}`)
        }
        const said = here.lender.log.join('\n')
        must(!said.includes(secret) && !said.includes(here.token), 'the token is in the log')
        return `${open.length} descriptors, all sockets and pipes; nothing in environment, process list, log`
      },
    },
    {
      name: 'weights asked for by anybody',
      async what() {
        await using here = await stage()
        const ask = async (hash: string) =>
          (await askFace(here.user, here.lenderId, { path: `/p2p/weights/${hash}` })).status
        must((await ask('0'.repeat(64))) === 404, 'a piece that is not there')
        for (const hash of ['..%2f..%2fetc%2fpasswd', 'A'.repeat(64), '0'.repeat(63), `${'0'.repeat(64)}%00`]) {
          must((await ask(hash)) === 400, hash)
        }
        const flood = await Promise.all(
          Array.from({ length: 400 }, async () => await ask('1'.repeat(64)).catch(() => 0)),
        )
        const count = (status: number) => flood.filter((one) => one === status).length
        must(count(404) + count(429) === 400 && count(404) <= 220, `${count(404)} answered, ${count(429)} refused`)
        await here.stillLends()
        return `of 400 at once ${count(404)} were looked up and ${count(429)} refused with 429`
      },
    },
  ]
}

function seconds(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1)
}

async function refusal(lease: Promise<unknown>): Promise<string> {
  return await lease.then(
    () => {
      throw new Error('it was lent')
    },
    (error: { readonly code?: string }) => error.code ?? String(error),
  )
}

async function readOrNothing(path: string): Promise<string> {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** The guard ends a stream before its worker sees anything that it would die of. */
function mustNotBeLost({ lender }: Stage, when: string): void {
  const line = lender.log.find((one) => one.includes('worker-lost') || one.includes('worker process was lost'))
  must(line === undefined, `${when}: ${line}`)
}

function* mutatedSession(random: () => number): Generator<Buffer> {
  for (const message of sampleSession()) {
    if (BEGINNING.has(message[0])) continue
    const bytes = Buffer.from(message)
    if (random() < 0.2) {
      const at = Math.floor(random() * bytes.length)
      if (random() < 0.5) bytes[at] = Math.floor(random() * 256)
      else bytes.fill(random() < 0.5 ? 0 : 255, at, Math.min(bytes.length, at + 8))
    }
    yield bytes
  }
}
