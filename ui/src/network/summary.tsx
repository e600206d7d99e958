import { formatBytes } from '../format.ts'
import type { LiveNode } from '../live.ts'
import { isThere } from './node-words.ts'

/** The network in a few figures. */
export function Summary({ nodes }: { readonly nodes: readonly LiveNode[] }) {
  const there = nodes.filter(isThere)
  const sum = (of: (node: LiveNode) => number): number => there.reduce((all, node) => all + of(node), 0)
  const models = new Set(there.flatMap((node) => node.models.map(({ name }) => name)))
  const serving = there.filter(({ serves, state }) => serves || state === 'self')
  const slots = serving.reduce((all, node) => all + node.slots, 0)
  const lenders = there.filter(({ lends }) => lends !== undefined)
  const lent = sum(({ lends }) => lends?.memoryBytes ?? 0)
  const gone = nodes.length - there.length
  return (
    <dl class="figures">
      <Figure title="Nodes" value={String(there.length)} note={gone > 0 ? `${gone} gone` : undefined} />
      <Figure title="Models" value={String(models.size)} />
      <Figure
        title="Answers running"
        value={String(sum(({ running }) => running))}
        note={slots === 0 ? undefined : `of ${slots}`}
      />
      <Figure title="Waiting" value={String(sum(({ queued }) => queued))} />
      <Figure
        title="Memory free"
        value={formatBytes(sum(({ memory }) => memory.free))}
        note={`of ${formatBytes(sum(({ memory }) => memory.total))}`}
      />
      {lenders.length === 0 ? null : (
        <Figure title="Lent for big models" value={formatBytes(lent)} note={`by ${lenders.length}`} />
      )}
    </dl>
  )
}

function Figure({
  title,
  value,
  note,
}: {
  readonly title: string
  readonly value: string
  readonly note?: string | undefined
}) {
  return (
    <div class="figure">
      <dt>{title}</dt>
      <dd>
        <strong>{value}</strong> {note === undefined ? null : <span>{note}</span>}
      </dd>
    </div>
  )
}
