import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { formatCount } from '../format.ts'
import type { LiveNode } from '../live.ts'
import { hrefOf, navigate } from '../router.ts'
import { layOut, lettersFor, NAME_BELOW, type Point, RADII } from './layout.ts'
import { formatRoundTrip, linkOf, loadOf, nodePath, occupationOf, standingOf } from './node-words.ts'

/** More are reached in the list below, where the keyboard finds them sooner. */
const MAX_TAB_STOPS = 24

/** This node and its links. Links between others are not drawn: a node knows its own only. */
export function Topology({ self, others }: { readonly self: LiveNode; readonly others: readonly LiveNode[] }) {
  const frame = useRef<HTMLElement>(null)
  const width = useSignal(900)
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const observer = new ResizeObserver(() => {
      width.value = element.clientWidth
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [width])
  const shorten = (name: string): string => shortened(name, lettersFor(width.value))
  const layout = layOut({
    width: width.value,
    names: others.map(({ name }) => shorten(name)),
    self: shorten(self.name),
  })
  const { centre, points, radius, height } = layout
  const placed = others.map((node, index) => ({ node, at: points[index] ?? centre }))
  return (
    <figure class="topology" ref={frame}>
      <svg width={width.value} height={height} aria-label="The links of this node">
        <title>The links of this node</title>
        {placed.map(({ node, at }) => (
          <LinkLine key={node.id} node={node} from={centre} to={at} labelled={layout.times} />
        ))}
        {placed.map(({ node, at }, index) => (
          <NodeMark
            key={node.id}
            node={node}
            at={at}
            radius={radius}
            label={layout.names ? shorten(node.name) : undefined}
            stop={index < MAX_TAB_STOPS}
          />
        ))}
        <NodeMark node={self} at={centre} radius={RADII.self} label={shorten(self.name)} stop />
      </svg>
    </figure>
  )
}

interface LinkLineProps {
  readonly node: LiveNode
  readonly from: Point
  readonly to: Point
  readonly labelled: boolean
}

function LinkLine({ node, from, to, labelled }: LinkLineProps) {
  const { state, path, roundTripMs, running } = node
  const names = ['link', state === 'silent' ? 'gone' : path, running > 0 ? 'busy' : '']
  const middle = { x: from.x + (to.x - from.x) * 0.58, y: from.y + (to.y - from.y) * 0.58 }
  return (
    <g>
      <line class={names.join(' ')} x1={from.x} y1={from.y} x2={to.x} y2={to.y} />
      {labelled && roundTripMs !== null && state !== 'silent' ? (
        <text class="link-label" x={middle.x} y={middle.y + 4}>
          {formatRoundTrip(roundTripMs)}
        </text>
      ) : null}
    </g>
  )
}

interface NodeMarkProps {
  readonly node: LiveNode
  readonly at: Point
  readonly radius: number
  /** Undefined: there is no room for it. */
  readonly label: string | undefined
  /** Whether the keyboard stops here. */
  readonly stop: boolean
}

function NodeMark({ node, at, radius, label, stop }: NodeMarkProps) {
  const { tone, word } = standingOf(node)
  const { id, name, models, state } = node
  const to = nodePath(id)
  function follow(event: MouseEvent): void {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    navigate(to)
  }
  const link = state === 'self' ? '' : `, ${linkOf(node)}`
  // What is read aloud begins with what is seen, so that it can be called by that.
  const called = label === undefined || label === name ? name : `${label} (${name})`
  const words = `${called}: ${word}${link}, ${occupationOf(node)}, ${formatCount(models.length, 'model')}`
  return (
    <a class={`node ${tone}`} href={hrefOf(to)} aria-label={words} tabIndex={stop ? 0 : -1} onClick={follow}>
      <title>{words}</title>
      <circle class="node-body" cx={at.x} cy={at.y} r={radius} />
      {radius > 10 && state !== 'silent' ? <LoadRing at={at} radius={radius + 4} share={loadOf(node)} /> : null}
      {node.lends === undefined ? null : (
        <rect class="node-lends" x={at.x - 4.5} y={at.y - 4.5} width="9" height="9" rx="2" />
      )}
      {label === undefined ? null : (
        <text class="node-name" x={at.x} y={at.y + radius + NAME_BELOW}>
          {label}
        </text>
      )}
    </a>
  )
}

/** How much of what it can do at the same time it does. */
function LoadRing({ at, radius, share }: { readonly at: Point; readonly radius: number; readonly share: number }) {
  if (share === 0) return null
  const around = 2 * Math.PI * radius
  return (
    <circle
      class={share >= 1 ? 'node-load full' : 'node-load'}
      cx={at.x}
      cy={at.y}
      r={radius}
      stroke-dasharray={`${around * share} ${around}`}
      transform={`rotate(-90 ${at.x} ${at.y})`}
    />
  )
}

function shortened(name: string, letters: number): string {
  return name.length > letters ? `${name.slice(0, letters - 1)}…` : name
}
