import { setTimeout } from 'node:timers/promises'
import { judge, type Verdict } from './chaos-check.ts'
import { ask, type Heard } from './chaos-client.ts'
import type { KnownRequest } from './chaos-kinds.ts'
import type { ChaosNetwork, ChaosNode } from './chaos-network.ts'

/** A line of the history; times since the run began, or since the request did. */
export type HistoryLine = RequestLine | FaultLine

export interface RequestLine {
  readonly type: 'request'
  readonly number: number
  readonly name: string
  readonly kind: string
  readonly entry: string
  /** Who began the answer that counts. */
  readonly node: string
  readonly status: number
  readonly tries: number
  /** More than one: the entry died, and the client asked another one with the same key. */
  readonly attempts: number
  /** What happened to the node that answered, while it answered. */
  readonly hits: readonly string[]
  readonly atMs: number
  readonly firstByteMs: number
  readonly totalMs: number
  readonly largestGapMs: number
  readonly events: number
  readonly verdicts: readonly Verdict[]
  /** Of an answer with something wrong in it. */
  readonly text?: string
}

export interface FaultLine {
  readonly type: 'fault'
  readonly fault: string
  readonly node: string
  readonly atMs: number
}

export interface Run {
  /** Since the run began. */
  now(): number
  /** Sends a request and reads its answer to the end, whatever that is. */
  send(request: KnownRequest, watch?: Watch): Promise<RequestLine>
  /** Notes what is being done to a node. */
  hit(fault: string, node: ChaosNode): void
}

/** Told after every piece of an answer; `node` is the one that began it. */
export type Watch = (events: number, node: string) => void

export interface RunInit {
  readonly lateMs: number
  readonly patienceMs: number
  readonly take: (line: HistoryLine) => void
}

const MOST_ATTEMPTS = 5
const BETWEEN_ATTEMPTS_MS = 200
const LONGEST_TEXT = 200_000

export function createRun(network: ChaosNetwork, init: RunInit): Run {
  const beganAt = performance.now()
  const now = (): number => performance.now() - beganAt
  const faults: FaultLine[] = []
  let numbers = 0

  /** A client does what the documentation tells it: an entry that is gone is not asked again, the next one is. */
  async function attempt(request: KnownRequest, number: number, watch: Watch = () => {}) {
    const key = crypto.randomUUID()
    const { kind, body } = request
    for (let attempts = 1; ; attempts += 1) {
      const entry = network.entries[(number + attempts) % network.entries.length]
      if (entry === undefined) throw new Error('there is no entry')
      const { troubles, state } = entry
      const heard = await askThrough(entry, { kind, body, key, patienceMs: init.patienceMs, watch })
      const entryDied = state !== 'ready' || entry.troubles !== troubles
      const isBroken = heard.status === 0 || !heard.isEnded || (entryDied && heard.status !== 200)
      if (!(isBroken && entryDied) || attempts === MOST_ATTEMPTS) return { heard, attempts, entry: entry.name }
      await setTimeout(BETWEEN_ATTEMPTS_MS)
    }
  }

  return {
    now,
    hit(fault, { name }) {
      const line: FaultLine = { type: 'fault', fault, node: name, atMs: Math.round(now()) }
      faults.push(line)
      init.take(line)
    },
    async send(request, watch) {
      numbers += 1
      const number = numbers
      const atMs = now()
      const { heard, attempts, entry } = await attempt(request, number, watch)
      const { answer, kind } = request
      const totalMs = now() - atMs
      const verdicts = judge({ ...heard, totalMs }, { answer, lateMs: init.lateMs, read: kind.read })
      const line: RequestLine = {
        type: 'request',
        number,
        name: request.name,
        kind: kind.name,
        entry,
        node: heard.node,
        status: heard.status,
        tries: heard.tries,
        attempts,
        hits: faults.filter(({ node, atMs: hitMs }) => node === heard.node && hitMs >= atMs).map(({ fault }) => fault),
        atMs: Math.round(atMs),
        firstByteMs: Math.round(heard.firstByteMs),
        totalMs: Math.round(totalMs),
        largestGapMs: Math.round(heard.largestGapMs),
        events: heard.events,
        verdicts,
        ...(verdicts.length === 0 ? {} : { text: heard.text.slice(0, LONGEST_TEXT) }),
      }
      init.take(line)
      return line
    },
  }
}

interface Through extends Pick<KnownRequest, 'kind' | 'body'> {
  readonly key: string
  readonly patienceMs: number
  readonly watch: Watch
}

const NOBODY: Heard = {
  status: 0,
  text: '',
  isEnded: false,
  problem: 'nobody listens',
  node: '',
  tries: 0,
  firstByteMs: 0,
  totalMs: 0,
  largestGapMs: 0,
  largestGapAtMs: 0,
  events: 0,
}

async function askThrough(entry: ChaosNode, { kind, body, key, patienceMs, watch }: Through): Promise<Heard> {
  let url: string
  try {
    url = `${entry.node.url}${kind.path}`
  } catch {
    return NOBODY
  }
  const headers = { 'idempotency-key': key }
  return await ask({ url, fetch: entry.node.fetch, body, headers, patienceMs, onEvents: watch })
}
