import { useEffect, useRef } from 'preact/hooks'
import Plot from 'uplot'
import { formatTime } from '../format.ts'
import { theme } from '../theme.ts'
import { Card } from './parts.tsx'

export interface ChartLine {
  readonly name: string
  /** A colour of theme.css: `--accent`. */
  readonly colour: string
  /** null: not known then. */
  readonly values: readonly (number | null)[]
}

export interface ChartProps {
  readonly title: string
  /** Unix time of each value. */
  readonly seconds: readonly number[]
  readonly lines: readonly ChartLine[]
  readonly format: (value: number) => string
  /** There are no halves of what is counted. */
  readonly whole?: boolean | undefined
}

const HEIGHT = 200

/** Lines over time; beside each name stands its last value, which is all that can be read without seeing the drawing. */
export function Chart({ title, seconds, lines, format, whole }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null)
  const plot = useRef<Plot>(undefined)
  const latest = useRef<Plot.AlignedData>([[]])
  latest.current = [[...seconds], ...lines.map(({ values }) => [...values])]

  // Colours are drawn, not styled: another theme needs another drawing.
  const chosenTheme = theme.value
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const made = new Plot(optionsOf({ element, lines, format, whole }), latest.current, element)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = undefined
    }
  }, [chosenTheme])
  const last = seconds.at(-1)
  useEffect(() => {
    plot.current?.setData(latest.current)
  }, [last])

  return (
    <Card title={title}>
      <ul class="legend">
        {lines.map(({ name, colour, values }) => {
          const value = values.findLast((known) => known !== null)
          return (
            <li key={name}>
              <span class="legend-mark" style={{ background: `var(${colour})` }} aria-hidden="true" />
              {name}: <strong>{value === undefined || value === null ? '–' : format(value)}</strong>
            </li>
          )
        })}
      </ul>
      <div ref={frame} class="chart" role="img" aria-label={`${title} over time`} />
    </Card>
  )
}

interface Drawing extends Pick<ChartProps, 'lines' | 'format' | 'whole'> {
  readonly element: HTMLElement
}

const AXIS_WIDTH = 74
const AXIS_HEIGHT = 34
/** Up to terabytes. */
const WHOLE_STEPS = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat()
/** What is written with one decimal is wrong in the middle of steps of 0.25. */
const STEPS = [0.1, 0.2, 0.5, ...WHOLE_STEPS]

function optionsOf({ element, lines, format, whole = false }: Drawing): Plot.Options {
  const style = getComputedStyle(element)
  const colour = (name: string): string => resolved(element, style.getPropertyValue(name))
  const grid = { stroke: colour('--line'), width: 1 }
  const axis = { stroke: colour('--text-soft'), grid, ticks: grid, font: `12px ${style.fontFamily}` }
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(most ?? 0, 1) * 1.1] } },
    axes: [
      { ...axis, size: AXIS_HEIGHT, values: (_plot, splits) => splits.map(clockOf), space: 80 },
      {
        ...axis,
        size: AXIS_WIDTH,
        values: (_plot, splits) => splits.map((value) => format(value)),
        incrs: whole ? WHOLE_STEPS : STEPS,
      },
    ],
    series: [
      {},
      ...lines.map(({ name, colour: variable }) => ({
        label: name,
        stroke: colour(variable),
        width: 2,
        spanGaps: true,
        points: { size: 5, fill: colour(variable) },
      })),
    ],
  }
}

function clockOf(second: number): string {
  const time = formatTime(second * 1000)
  return second % 60 === 0 ? time.slice(0, -':00'.length) : time
}

/** A canvas knows nothing of `light-dark()`: the browser says what it comes to. */
function resolved(element: HTMLElement, colour: string): string {
  const probe = document.createElement('span')
  probe.style.color = colour
  element.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
