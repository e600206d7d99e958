// What the parts of one request cost that do not depend on the network: CPU microseconds a request, ours beside the way that
// suggests itself. Rounds are interleaved; the ratio is the figure to read.
//
//   node bench/request-parts.ts [--rounds 5] [--requests 100000]
import { EventEmitter } from 'node:events'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import type { FastifyReply } from 'fastify'
import { pino } from 'pino'
import { createRequestSignals } from '../src/api/client-gone.ts'
import { withoutSecrets } from '../src/telemetry/logger.ts'
import { median, round } from './support/measure.ts'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, requests: { type: 'string', default: '100000' } },
})
const requests = Number(options.requests)
const giveUp = new AbortController()

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
const PATHS = ['token', '*.token', 'apiKey', '*.apiKey', 'authorization', '*.authorization', 'headers.cookie']
const nowhere = { write(): void {} }
const redacting = pino({ base: null, redact: { paths: PATHS, censor: '[hidden]' } }, nowhere).child({ room: 'api' })
const hiding = pino({ base: null, formatters: { log: (fields: object) => withoutSecrets(fields) } }, nowhere).child({
  room: 'api',
})

const parts = {
  'signal of a request': { ours: useSignals(createRequestSignals(giveUp.signal)), other: useSignals(composite) },
  'line in the log': { ours: () => hiding.info(LINE, 'request'), other: () => redacting.info(LINE, 'request') },
}
const OTHER = { 'signal of a request': 'AbortSignal.any', 'line in the log': "pino's redact" }

function cpuOf(work: () => void): number {
  const before = process.cpuUsage()
  for (let at = 0; at < requests; at += 1) work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / requests
}

const report = Object.entries(parts).map(([part, { ours, other }]) => {
  cpuOf(ours)
  cpuOf(other)
  const rounds = Array.from({ length: Number(options.rounds) }, () => ({ ours: cpuOf(ours), other: cpuOf(other) }))
  return {
    part,
    ours: round(median(rounds.map((one) => one.ours)), 2),
    other: round(median(rounds.map((one) => one.other)), 2),
    instead: OTHER[part as keyof typeof OTHER],
    ratio: round(median(rounds.map((one) => one.other / one.ours)), 1),
  }
})
console.table(report)
console.log(JSON.stringify({ machine: { cpu: cpus()[0]?.model, threads: availableParallelism() }, requests, report }))
