import { type Html, html } from './html.ts'

export interface ChartPoint {
  readonly atUnixMs: number
  /** Undefined: nothing is known; the line has a gap. */
  readonly value: number | undefined
}

export interface ChartInit {
  readonly title: string
  readonly points: readonly ChartPoint[]
  /** Largest value of the axis; default: that of the points. */
  readonly most?: number
  readonly format: (value: number) => string
}

const WIDTH = 640
const HEIGHT = 180
const LEFT = 68
const RIGHT = 12
const TOP = 14
const BOTTOM = 26

/** A line over time as SVG without scripts and styles: the page's own style sheet gives the colours. */
export function lineChart({ title, points, most, format }: ChartInit): Html {
  const values = points.flatMap(({ value }) => value ?? [])
  const top = most ?? niceTop(Math.max(0, ...values))
  const x = (index: number): number =>
    round(LEFT + (points.length < 2 ? 0.5 : index / (points.length - 1)) * (WIDTH - LEFT - RIGHT))
  const y = (value: number): number => round(HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM))
  const runs = toRuns(points)
  const [first, last] = [points[0], points.at(-1)]
  return html`<figure class="chart">
<figcaption>${title} <span class="now">${summary(values, format)}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}: ${summary(values, format)}">
${[0, 0.5, 1].map(
  (share) =>
    html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(top * share)}" y2="${y(top * share)}"/><text class="axis" x="${LEFT - 6}" y="${y(top * share) + 4}" text-anchor="end">${format(top * share)}</text>`,
)}
${runs.map((run) =>
  run.length === 1
    ? run.map(({ index, value }) => html`<circle class="dot" cx="${x(index)}" cy="${y(value)}" r="3"/>`)
    : html`<polyline class="line" points="${run.map(({ index, value }) => `${x(index)},${y(value)}`).join(' ')}"/>`,
)}
<text class="axis" x="${LEFT}" y="${HEIGHT - 6}">${first === undefined ? '' : timeText(first.atUnixMs)}</text>
<text class="axis" x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">${last === undefined ? '' : timeText(last.atUnixMs)}</text>
</svg>
</figure>`
}

function summary(values: readonly number[], format: (value: number) => string): string {
  const last = values.at(-1)
  if (last === undefined) return 'no figures yet'
  return `now ${format(last)}, least ${format(Math.min(...values))}, most ${format(Math.max(...values))}`
}

interface Known {
  readonly index: number
  readonly value: number
}

/** The parts of the line between its gaps. */
function toRuns(points: readonly ChartPoint[]): readonly (readonly Known[])[] {
  const runs: Known[][] = [[]]
  for (const [index, { value }] of points.entries()) {
    if (value === undefined) runs.push([])
    else runs.at(-1)?.push({ index, value })
  }
  return runs.filter((run) => run.length > 0)
}

/** A little above: 1, 2, 5, 10, 20, … so that the labels are round. */
function niceTop(value: number): number {
  if (value <= 2) return 2
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 2, 5, 10].find((step) => value <= step * power) ?? 10
  return Math.max(2, factor * power)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function timeText(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
