import type { Damage } from './chaos-check.ts'
import type { HistoryLine, RequestLine } from './chaos-run.ts'
import { percentile, round } from './measure.ts'

const DAMAGES: readonly Damage[] = [
  'refused',
  'lost',
  'duplicated',
  'missing',
  'wrong',
  'malformed',
  'finish',
  'usage',
  'late',
]

export interface Row {
  readonly what: string
  readonly requests: number
  readonly whole: number
  readonly pauseP50Ms: number
  readonly pauseP99Ms: number
  readonly [damage: string]: number | string
}

export interface Summary {
  readonly total: Row
  /** By kind of request. */
  readonly kinds: readonly Row[]
  /** By what happened to the node that answered. */
  readonly faults: readonly Row[]
  readonly faultCounts: Readonly<Record<string, number>>
  /** Client attempts beyond the first: the entry had died. */
  readonly entryRetries: number
}

/** Counts requests, not verdicts; the pauses are the largest gap within each answer that began and was not refused. */
export function summarize(history: readonly HistoryLine[]): Summary {
  const requests = history.filter((line) => line.type === 'request')
  const faults = history.filter((line) => line.type === 'fault')
  const kinds = [...new Set(requests.map(({ kind }) => kind))].sort()
  const hits = [...new Set(requests.flatMap((line) => line.hits))].sort()
  return {
    total: toRow('all', requests),
    kinds: kinds.map((kind) =>
      toRow(
        kind,
        requests.filter((line) => line.kind === kind),
      ),
    ),
    faults: [
      toRow(
        'undisturbed',
        requests.filter((line) => line.hits.length === 0),
      ),
      ...hits.map((hit) =>
        toRow(
          hit,
          requests.filter((line) => line.hits.includes(hit)),
        ),
      ),
    ],
    faultCounts: Object.fromEntries(
      [...Map.groupBy(faults, ({ fault }) => fault)].map(([name, all]) => [name, all.length]),
    ),
    entryRetries: requests.reduce((sum, { attempts }) => sum + attempts - 1, 0),
  }
}

function toRow(what: string, requests: readonly RequestLine[]): Row {
  const pauses = requests.filter(({ events }) => events > 1).map(({ largestGapMs }) => largestGapMs)
  const having = (damage: Damage): number =>
    requests.filter(({ verdicts }) => verdicts.some((verdict) => verdict.damage === damage)).length
  return {
    what,
    requests: requests.length,
    whole: requests.filter(({ verdicts }) => verdicts.length === 0).length,
    ...Object.fromEntries(DAMAGES.map((damage) => [damage, having(damage)])),
    pauseP50Ms: pauses.length === 0 ? 0 : round(percentile(pauses, 0.5), 0),
    pauseP99Ms: pauses.length === 0 ? 0 : round(percentile(pauses, 0.99), 0),
  }
}

const CHARACTERS: readonly Damage[] = ['duplicated', 'missing', 'wrong']
const DEADLY: readonly Damage[] = ['lost', 'malformed', 'finish', 'usage']

/** What the run was to show and did not; empty is good. `pauseMs`: for the answers whose node was killed. */
export function missedTargets(
  { total, faults }: Summary,
  { pauseMs }: { readonly pauseMs: number },
): readonly string[] {
  const missed = [...DEADLY, ...CHARACTERS]
    .filter((damage) => Number(total[damage]) > 0)
    .map((damage) => `${total[damage]} of ${total.requests} answers: ${damage}`)
  const killed = faults.find(({ what }) => what === 'kill')
  if (killed !== undefined && killed.pauseP99Ms > pauseMs)
    missed.push(`the pause at a kill is ${killed.pauseP99Ms} ms at p99, not ${pauseMs}`)
  return missed
}
