import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api, messageOf } from '../api.ts'
import { Chart, type ChartLine } from '../components/chart.tsx'
import { Empty, Loading, Problem } from '../components/parts.tsx'
import { formatBytes, formatMs } from '../format.ts'
import { usePolled } from '../use-polled.ts'

/** A point of `/api/metrics/series`. */
interface Point {
  readonly at: number
  readonly requestsPerSecond: number
  readonly forwardedPerSecond: number
  readonly failedPerSecond: number
  readonly promptTokensPerSecond: number
  readonly completionTokensPerSecond: number
  readonly firstTokenP50Ms: number | null
  readonly firstTokenP95Ms: number | null
  readonly running: number
  readonly queued: number
  readonly processBytes: number
  readonly machineFreeBytes: number
}

interface ChartRow {
  readonly title: string
  readonly lines: readonly (Omit<ChartLine, 'values'> & { readonly of: (point: Point) => number | null })[]
  readonly format: (value: number) => string
  readonly whole?: boolean
}

const perSecond = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} /s`

const CHARTS: readonly ChartRow[] = [
  {
    title: 'Requests',
    format: perSecond,
    lines: [
      { name: 'served here', colour: '--accent', of: (point) => point.requestsPerSecond },
      { name: 'sent to others', colour: '--info', of: (point) => point.forwardedPerSecond },
      { name: 'failed', colour: '--bad', of: (point) => point.failedPerSecond },
    ],
  },
  {
    title: 'Tokens made here',
    format: perSecond,
    lines: [
      { name: 'answers', colour: '--accent', of: (point) => point.completionTokensPerSecond },
      { name: 'prompts', colour: '--info', of: (point) => point.promptTokensPerSecond },
    ],
  },
  {
    title: 'Until the first token',
    format: formatMs,
    lines: [
      { name: 'half of all (p50)', colour: '--accent', of: (point) => point.firstTokenP50Ms },
      { name: '95 of 100 (p95)', colour: '--warn', of: (point) => point.firstTokenP95Ms },
    ],
  },
  {
    title: 'Requests under way',
    format: (value) => value.toFixed(0),
    whole: true,
    lines: [
      { name: 'running', colour: '--accent', of: (point) => point.running },
      { name: 'without a token yet', colour: '--warn', of: (point) => point.queued },
    ],
  },
  {
    title: 'Memory',
    format: formatBytes,
    lines: [
      { name: 'this program, without models', colour: '--accent', of: (point) => point.processBytes },
      { name: 'free on the machine', colour: '--info', of: (point) => point.machineFreeBytes },
    ],
  },
]

const EVERY_MS = 5000
const HOUR_MS = 3_600_000

/** What this node has done in the last hour. */
export function Page() {
  const points = useSignal<readonly Point[] | undefined>(undefined)
  const error = useSignal<string | undefined>(undefined)

  async function look(): Promise<void> {
    const known = points.peek() ?? []
    const since = known.at(-1)?.at ?? 0
    try {
      const { points: come } = await api<{ readonly points: readonly Point[] }>(`/api/metrics/series?since=${since}`)
      const all = [...known, ...come]
      points.value = all.filter(({ at }) => at > (all.at(-1)?.at ?? 0) - HOUR_MS)
      error.value = undefined
    } catch (thrown) {
      error.value = messageOf(thrown)
    }
  }

  useEffect(() => {
    void look()
  }, [])
  usePolled(() => void look(), EVERY_MS)
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Metrics</h1>
          <p>What this node has done since it started, or in the last hour. For longer: GET /metrics (Prometheus).</p>
        </div>
      </header>
      {error.value === undefined ? null : <Problem>{error.value}</Problem>}
      {content(points.value)}
    </>
  )
}

function content(points: readonly Point[] | undefined) {
  if (points === undefined) return <Loading />
  if (points.length < 2) return <Empty icon="metrics" title="The first figures come in a few seconds" />
  const seconds = points.map(({ at }) => at / 1000)
  return (
    <div class="charts">
      {CHARTS.map(({ title, lines, format, whole }) => (
        <Chart
          key={title}
          title={title}
          seconds={seconds}
          format={format}
          whole={whole}
          lines={lines.map(({ of, ...line }) => ({ ...line, values: points.map(of) }))}
        />
      ))}
    </div>
  )
}
