import { Badge } from '../components/parts.tsx'
import { type Column, Table } from '../components/table.tsx'
import { formatBytes } from '../format.ts'
import type { LiveNode } from '../live.ts'
import { formatRoundTrip, loadInShort, loadOf, nodePath, occupationOf, rolesInShort, standingOf } from './node-words.ts'

const TONES = { self: 'info', good: 'good', entry: 'good', warn: 'warn', gone: 'plain' } as const

const COLUMNS: readonly Column<LiveNode>[] = [
  { title: 'Node', cell: ({ name }) => name },
  { title: 'State', width: '7.2rem', cell: (node) => <StateBadge node={node} /> },
  { title: 'Role', width: '8rem', wide: true, cell: rolesInShort },
  { title: 'Models', wide: true, cell: ({ models }) => models.map(({ name }) => name).join(', ') || '–' },
  { title: 'Load', width: '7rem', wide: true, cell: (node) => <Load node={node} /> },
  { title: 'Memory free', width: '11.6rem', align: 'right', wide: true, cell: ({ memory }) => memoryOf(memory) },
  {
    title: 'Round trip',
    width: '6.2rem',
    align: 'right',
    cell: ({ roundTripMs, state }) => (state === 'self' || roundTripMs === null ? '–' : formatRoundTrip(roundTripMs)),
  },
]

export function NodeTable({ nodes }: { readonly nodes: readonly LiveNode[] }) {
  return (
    <Table
      label="Nodes"
      columns={COLUMNS}
      rows={nodes}
      keyOf={({ id }) => id}
      linkOf={({ id }) => nodePath(id)}
      height="34rem"
    />
  )
}

export function StateBadge({ node }: { readonly node: LiveNode }) {
  const { tone, word } = standingOf(node)
  return <Badge tone={TONES[tone]}>{word}</Badge>
}

function Load({ node }: { readonly node: LiveNode }) {
  if (node.slots === 0) return loadInShort(node)
  return (
    <span class="load">
      <meter value={loadOf(node)} high={0.99} aria-label={occupationOf(node)} />
      <span class="load-words">{loadInShort(node)}</span>
    </span>
  )
}

function memoryOf({ free, total }: LiveNode['memory']): string {
  return total === 0 ? '–' : `${formatBytes(free)} of ${formatBytes(total)}`
}
