import { useSignal } from '@preact/signals'
import { HowToInstall } from '../components/model-select.tsx'
import { Badge, Empty, Loading, Problem } from '../components/parts.tsx'
import { type Column, Table } from '../components/table.tsx'
import { formatCount } from '../format.ts'
import { type KnownModel, loadedCount } from './known-model.ts'
import { ModelDialog } from './model-dialog.tsx'

export interface KnownModelsProps {
  readonly models: readonly KnownModel[]
  readonly error: string | undefined
  readonly loading: boolean
  readonly onChange: () => void
}

const COLUMNS: readonly Column<KnownModel>[] = [
  { title: 'Model', cell: ({ id }) => <strong>{id}</strong> },
  {
    title: 'What it is',
    width: '44%',
    wide: true,
    cell: ({ description, capabilities }) => <span class="soft">{description || capabilities.join(', ')}</span>,
  },
  { title: 'Where', width: '18%', wide: true, cell: whereOf },
  { title: 'In memory', width: '9.8rem', cell: (model) => <StateBadge model={model} /> },
]

export function KnownModels({ models, error, loading, onChange }: KnownModelsProps) {
  const openId = useSignal<string | undefined>(undefined)
  const open = models.find(({ id }) => id === openId.value)
  if (error !== undefined && models.length === 0) return <Problem>{error}</Problem>
  if (loading) return <Loading what="Asking for the models" />
  return (
    <>
      {error === undefined ? null : <Problem>{error}</Problem>}
      <Table
        label="Models of this network"
        columns={COLUMNS}
        rows={models}
        keyOf={({ id }) => id}
        selected={openId.value}
        onOpen={({ id }) => {
          openId.value = id
        }}
        empty={
          <Empty icon="models" title="No node of this network has a model yet">
            <p>
              <HowToInstall />
            </p>
          </Empty>
        }
      />
      {open === undefined ? null : (
        <ModelDialog
          model={open}
          onChange={onChange}
          onClose={() => {
            openId.value = undefined
          }}
        />
      )}
    </>
  )
}

function whereOf({ isHere, holders }: KnownModel): string {
  const others = holders.filter(({ isSelf }) => !isSelf)
  if (!isHere) return others.length === 1 ? (others[0]?.node ?? '') : formatCount(others.length, 'node')
  return others.length === 0 ? 'this node' : `this node and ${others.length} more`
}

function StateBadge({ model }: { readonly model: KnownModel }) {
  const { loaded } = model
  if (loaded?.state === 'starting') return <Badge tone="info">loading …</Badge>
  if (loaded?.state === 'failed') return <Badge tone="bad">failed</Badge>
  const count = loadedCount(model)
  if (count === 0) return <Badge>no</Badge>
  const busy = loaded !== undefined && loaded.in_flight > 0 ? `, ${loaded.in_flight} running` : ''
  return <Badge tone="good">{count === 1 && loaded !== undefined ? `here${busy}` : formatCount(count, 'node')}</Badge>
}
