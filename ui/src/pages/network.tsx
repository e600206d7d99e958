import { Badge, Card, Empty, Loading, Problem } from '../components/parts.tsx'
import { Table } from '../components/table.tsx'
import { useApi } from '../use-api.ts'

interface Node {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly isOnline: boolean
}

export function Page() {
  const { data, error } = useApi<{ readonly nodes: readonly Node[] }>('/api/p2p/federation').state.value
  if (error !== undefined) return <Problem>{error}</Problem>
  if (data === undefined) return <Loading />
  return (
    <Card title="Nodes">
      <Table
        label="Nodes"
        rows={data.nodes}
        keyOf={({ id }) => id}
        empty={<Empty icon="network" title="No nodes" />}
        columns={[
          { title: 'Name', cell: ({ name }) => name },
          {
            title: 'State',
            cell: ({ isOnline }) => <Badge tone={isOnline ? 'good' : 'bad'}>{isOnline ? 'linked' : 'gone'}</Badge>,
          },
          { title: 'Version', cell: ({ version }) => version, wide: true },
        ]}
      />
    </Card>
  )
}
