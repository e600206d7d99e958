// What the parts of one request cost that do not depend on the network: CPU microseconds a request, ours beside the way that
// suggests itself. Rounds are interleaved; the ratio is the figure to read.
//
//   node bench/request-parts.ts [--rounds 5] [--requests 100000]
import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import type { FastifyReply } from 'fastify'
import { pino } from 'pino'
import { createRequestSignals } from '../src/api/client-gone.ts'
import { toPolicy } from '../src/compose/to-policy.ts'
import { findCandidates } from '../src/federation/candidates.ts'
import { TRUSTED } from '../src/federation/health/node-health.ts'
import { createForesight, FORESIGHT_DEFAULTS } from '../src/federation/observed/create-foresight.ts'
import { leastBusy } from '../src/federation/policies/least-busy.ts'
import { createProfiler } from '../src/federation/prefix/prompt-profile.ts'
import { withoutSecrets } from '../src/telemetry/logger.ts'
import { createTextLines } from '../src/telemetry/text-lines.ts'
import { makePeer, SERVES_NOTHING } from '../test/unit/federation/make-peer.ts'
import { median, round } from './support/measure.ts'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, requests: { type: 'string', default: '100000' } },
})
const requests = Number(options.requests)
const giveUp = new AbortController()

/** What is done for a request, and the way that suggests itself; `times` of the requests are enough. */
interface Part {
  readonly ours: () => void
  readonly other: () => void
  readonly instead: string
  readonly times?: number
}

type SignalOf = ReturnType<typeof createRequestSignals>
const composite: SignalOf = ({ raw }) => {
  const gone = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort()
  })
  return AbortSignal.any([gone.signal, giveUp.signal])
}

function useSignals(signalOf: SignalOf): () => void {
  const onAbort = (): void => {}
  return () => {
    const raw = Object.assign(new EventEmitter(), { destroyed: false, writableFinished: true })
    const signal = signalOf({ raw } as unknown as FastifyReply)
    signal.addEventListener('abort', onAbort, { once: true })
    signal.removeEventListener('abort', onAbort)
    raw.emit('close')
  }
}

const LINE = {
  id: 'f0e1d2c3',
  endpoint: 'chat',
  node: 'peer',
  status: 200,
  outcome: 'answered',
  tries: 1,
  durationMs: 12,
}
const WRITTEN = `${JSON.stringify({ level: 30, time: Date.now(), room: 'api', ...LINE, msg: 'request' })}\n`
const toText = createTextLines({ colours: false })
const PATHS = ['token', '*.token', 'apiKey', '*.apiKey', 'authorization', '*.authorization', 'headers.cookie']
const nowhere = { write(): void {} }
const redacting = pino({ base: null, redact: { paths: PATHS, censor: '[hidden]' } }, nowhere).child({ room: 'api' })
const hiding = pino({ base: null, formatters: { log: (fields: object) => withoutSecrets(fields) } }, nowhere).child({
  room: 'api',
})

const TALK = Array.from({ length: 8 }, (_, turn) => ({
  role: turn % 2 === 0 ? 'user' : 'assistant',
  content: `${turn} ${'and then they went on, '.repeat(20)}`,
}))
const BODY = Buffer.from(JSON.stringify({ model: 'm', stream: true, messages: TALK }))
const profile = createProfiler()
/** Blocks of the same size, each hashed with what was before it, of the messages as they are when parsed. */
function profileByParsing(): void {
  const { messages } = JSON.parse(BODY.toString()) as { messages: { role: string; content: string }[] }
  const text = messages.map(({ role, content }) => `${role}\0${content}`).join('\0')
  let hash = ''
  for (let at = 0; at < text.length; at += 256) {
    hash = createHash('sha256')
      .update(hash + text.slice(at, at + 256))
      .digest('hex')
  }
}

const parts = {
  [`${BODY.length} bytes, what of the prompt is known`]: {
    ours: () => profile(BODY, 'm'),
    other: profileByParsing,
    instead: 'JSON.parse, SHA-256',
  },
  ...Object.fromEntries([6, 100, 1000].map((nodes) => [`a node among ${nodes}`, choice(nodes)])),

  'signal of a request': {
    ours: useSignals(createRequestSignals(giveUp.signal)),
    other: useSignals(composite),
    instead: 'AbortSignal.any',
  },
  'line in the log': {
    ours: () => hiding.info(LINE, 'request'),
    other: () => redacting.info(LINE, 'request'),
    instead: "pino's redact",
  },
  'the same as text': {
    ours: () => toText(WRITTEN),
    other: () => JSON.stringify(JSON.parse(WRITTEN)),
    instead: 'reading and writing JSON',
  },
}

/** Finding who can serve, what is known of them, and the order; beside the policy that only looks at loads. */
function choice(count: number): Part {
  const peers = Array.from({ length: count }, (_, at) => makePeer(`n${at}`, { slots: 4, models: ['m'] }))
  const foresight = createForesight({ now: () => 0, peers: () => peers, self: 'self' }, FORESIGHT_DEFAULTS)
  const request = {
    ...{ id: 'r', method: 'POST', target: '/v1/chat/completions', headers: {}, body: BODY },
    ...{ model: 'm', capability: 'chat' },
  }
  const around = {
    self: { peerId: 'self', name: 'self', group: '' },
    ...{ local: SERVES_NOTHING, peers, busy: () => 1, standingOf: () => TRUSTED },
  }
  for (const { record } of peers) {
    const [candidate] = findCandidates(request, { ...around, peers: peers.filter((peer) => peer.record === record) })
    if (candidate !== undefined) foresight.placed({ ...request }, candidate)
  }
  const policy = toPolicy({ federationPolicy: 'weighted', randomWorker: false, targetWorker: undefined })
  const question = { ...foresight.questionOf(request), random: Math.random }
  return {
    times: 10 / count,
    ours: () => policy.order(findCandidates(request, { ...around, factsOf: foresight.factsFor(request) }), question),
    other: () => leastBusy.order(findCandidates(request, around), question),
    instead: 'least busy',
  }
}

function cpuOf(work: () => void, count: number): number {
  const before = process.cpuUsage()
  for (let at = 0; at < count; at += 1) work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

const report = Object.entries<Part>(parts).map(([part, { ours, other, instead, times = 1 }]) => {
  const count = Math.ceil(requests * Math.min(1, times))
  const both = () => ({ ours: cpuOf(ours, count), other: cpuOf(other, count) })
  both()
  const rounds = Array.from({ length: Number(options.rounds) }, both)
  return {
    part,
    ours: round(median(rounds.map((one) => one.ours)), 2),
    other: round(median(rounds.map((one) => one.other)), 2),
    instead,
    ratio: round(median(rounds.map((one) => one.other / one.ours)), 1),
  }
})
console.table(report)
console.log(JSON.stringify({ machine: { cpu: cpus()[0]?.model, threads: availableParallelism() }, requests, report }))
