import type { ArmName } from './gateway-arms.ts'
import type { LoadFigures } from './gateway-load.ts'
import { median, round } from './measure.ts'

export interface GatewaySample extends LoadFigures {
  readonly arm: ArmName
  readonly connections: number
  readonly stream: boolean
}

type Cell = Pick<GatewaySample, 'connections' | 'stream'>

const FIGURES = [
  'requestsPerSecond',
  'p50Ms',
  'p99Ms',
  'firstP50Ms',
  'failures',
  'gatewayCpuSeconds',
  'upstreamCpuSeconds',
  'gatewayMegabytes',
] as const satisfies readonly (keyof LoadFigures)[]

type Row = Cell & { readonly arm: ArmName; readonly ofDirect: number; readonly ofLiteLlm: number } & {
  readonly [Name in (typeof FIGURES)[number]]: number
}

/** Medians over the rounds; the ratios are taken round by round, since a machine that others use has good and bad minutes. */
export function toRows(samples: readonly GatewaySample[]): readonly Row[] {
  const keys = new Map(samples.map((sample) => [`${sample.arm} ${sample.connections} ${sample.stream}`, sample]))
  return [...keys.values()].map(({ arm, connections, stream }) => {
    const cell = { connections, stream }
    const own = of(samples, arm, cell)
    const middle = (name: (typeof FIGURES)[number]): number => median(own.map((sample) => sample[name]))
    return {
      ...{ arm, ...cell, ofDirect: ratio(samples, cell, [arm, 'direct']) },
      ofLiteLlm: ratio(samples, cell, [arm, 'litellm']),
      requestsPerSecond: middle('requestsPerSecond'),
      ...{ p50Ms: middle('p50Ms'), p99Ms: middle('p99Ms'), firstP50Ms: middle('firstP50Ms') },
      failures: own.reduce((sum, { failures }) => sum + failures, 0),
      ...{ gatewayCpuSeconds: middle('gatewayCpuSeconds'), upstreamCpuSeconds: middle('upstreamCpuSeconds') },
      gatewayMegabytes: middle('gatewayMegabytes'),
    }
  })
}

/** For people: a table for each cell. CPU is seconds for a thousand requests. */
export function printRows(rows: readonly Row[]): void {
  const cells = new Map(rows.map((row) => [titleOf(row), row]))
  for (const [title, { connections, stream }] of cells) {
    console.log(`\n${title}`)
    const inCell = rows.filter((row) => row.connections === connections && row.stream === stream)
    console.table(
      Object.fromEntries(
        inCell.map((row) => [
          row.arm,
          {
            'req/s': Math.round(row.requestsPerSecond),
            'p50 ms': round(row.p50Ms, 3),
            'p99 ms': round(row.p99Ms, 3),
            'first byte p50 ms': round(row.firstP50Ms, 3),
            failures: row.failures,
            'CPU s / 1000': round(row.gatewayCpuSeconds, 3),
            'CPU s / 1000, upstream': round(row.upstreamCpuSeconds, 3),
            'RSS MB': Math.round(row.gatewayMegabytes),
            'of direct': shown(row.ofDirect, 4),
            'of LiteLLM': shown(row.ofLiteLlm, 2),
          },
        ]),
      ),
    )
  }
}

export interface Verdict {
  readonly target: string
  /** Undefined: it was not measured, or what it is held against was not. */
  readonly met: boolean | undefined
  readonly seen: string
}

const OURS = ['attached', 'entry', 'entries'] as const satisfies readonly ArmName[]
const LEAST_DIRECT = 40_000
const LEAST_REQUESTS = 6000
const LEAST_OF_LITELLM = 5
const MOST_ADDED_MS = 1
const NOT_MEASURED = 'not measured'

/** What a node has to do as a gateway, with its backend attached to itself and behind another node, and what it did. */
export function verdicts(samples: readonly GatewaySample[]): readonly Verdict[] {
  return OURS.flatMap((arm) => verdictsOn(samples, arm))
}

function verdictsOn(samples: readonly GatewaySample[], arm: ArmName): readonly Verdict[] {
  const sixteen = { connections: 16, stream: false }
  const ten = { connections: 10, stream: false }
  const rate = (one: ArmName, cell: Cell): number =>
    median(of(samples, one, cell).map((sample) => sample.requestsPerSecond))
  const rates = connectionsOf(samples).map((connections) => {
    const cell = { connections, stream: false }
    return { connections, own: rate(arm, cell), direct: rate('direct', cell) }
  })
  const comparable = rates.filter(({ own, direct }) => known(own, direct) && direct >= LEAST_DIRECT)
  const enough = comparable.filter(({ own }) => own >= LEAST_REQUESTS)
  const times = ratio(samples, sixteen, [arm, 'litellm'])
  const directTen = of(samples, 'direct', ten)
  const added = median(of(samples, arm, ten).map(({ p50Ms }, at) => p50Ms - (directTen[at]?.p50Ms ?? Number.NaN)))
  return [
    {
      target: `${arm}: ${LEAST_REQUESTS} req/s where the mock alone does ${LEAST_DIRECT}`,
      met: comparable.length === 0 ? undefined : enough.length > 0,
      seen: comparable.map(({ own, connections }) => `${Math.round(own)} at ${connections}`).join(', ') || NOT_MEASURED,
    },
    {
      target: `${arm}: ${LEAST_OF_LITELLM} times LiteLLM at 16 connections`,
      met: known(times) ? times >= LEAST_OF_LITELLM : undefined,
      seen: known(times) ? `${round(times, 2)} times` : NOT_MEASURED,
    },
    {
      target: `${arm}: ${MOST_ADDED_MS} ms added at p50 with 10 connections`,
      met: known(added) ? added <= MOST_ADDED_MS : undefined,
      seen: known(added) ? `${round(added, 3)} ms` : NOT_MEASURED,
    },
  ]
}

export function printVerdicts(all: readonly Verdict[]): void {
  const words = new Map([
    [true, 'met'],
    [false, 'missed'],
    [undefined, 'not comparable'],
  ])
  for (const { target, met, seen } of all) console.log(`${words.get(met)}: ${target} (seen: ${seen})`)
}

function shown(value: number, digits: number): number | string {
  return Number.isFinite(value) ? round(value, digits) : '-'
}

/** How many connections there were at a time, the fewest first. */
function connectionsOf(samples: readonly GatewaySample[]): readonly number[] {
  return [...new Set(samples.map(({ connections }) => connections))].sort((left, right) => left - right)
}

function known(...values: readonly number[]): boolean {
  return values.every(Number.isFinite)
}

function of(samples: readonly GatewaySample[], arm: ArmName, { connections, stream }: Cell): readonly GatewaySample[] {
  return samples.filter(
    (sample) => sample.arm === arm && sample.connections === connections && sample.stream === stream,
  )
}

/** Requests a second of one arm over those of the other; NaN where one is missing. */
function ratio(samples: readonly GatewaySample[], cell: Cell, [arm, to]: readonly [ArmName, ArmName]): number {
  const base = of(samples, to, cell)
  return median(
    of(samples, arm, cell).map(
      ({ requestsPerSecond }, at) => requestsPerSecond / (base[at]?.requestsPerSecond ?? Number.NaN),
    ),
  )
}

function titleOf({ connections, stream }: Cell): string {
  return `${connections} connections, ${stream ? 'streamed' : 'whole answers'}`
}
