import { api } from '../api.ts'
import { Button } from '../components/button.tsx'
import { Badge, Card } from '../components/parts.tsx'
import { toast } from '../components/toast.tsx'
import { formatBytes, formatCount } from '../format.ts'
import { manages } from '../live.ts'
import { useApi } from '../use-api.ts'
import { usePolled } from '../use-polled.ts'
import { formatRoundTrip } from './node-words.ts'

const LOOK_EVERY_MS = 2000

interface Use {
  readonly model: string
  readonly memoryBytes: number
  readonly layers?: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly cachedWeightBytes: number
  readonly weightBytes: number
}

/** A row of `/api/p2p/workers`. */
interface Worker {
  readonly id: string
  readonly name: string
  readonly isOnline: boolean
  readonly device: string
  readonly memory: number
  readonly busy: boolean
  readonly waiting: number
  readonly roundTripMs: number | null
  readonly path: string
  readonly unusable?: string
  /** What this node has there. */
  readonly use?: Use
  /** Who has memory of this node. */
  readonly user?: Use & { readonly name: string }
}

/** Memory that is lent for models that are too big for one machine: by whom, and to whom. */
export function Workers({ lending }: { readonly lending: boolean }) {
  const { state, reload } = useApi<{ readonly nodes: readonly Worker[] }>('/api/p2p/workers')
  usePolled(reload, LOOK_EVERY_MS)
  const workers = (state.value.data?.nodes ?? []).toSorted((left, right) => left.name.localeCompare(right.name))
  if (workers.length === 0 && !manages.value) return null

  async function lend(enabled: boolean): Promise<void> {
    await api('/api/p2p/lending', { method: 'PUT', body: { enabled } })
    toast(enabled ? 'This node lends memory' : 'This node lends nothing', 'good')
    reload()
  }

  const button = lending ? (
    <Button small onClick={() => lend(false)}>
      Stop lending
    </Button>
  ) : (
    <Button small onClick={() => lend(true)}>
      Lend memory of this node
    </Button>
  )
  return (
    <Card title="Memory for big models" actions={manages.value ? button : undefined}>
      {workers.length === 0 ? (
        <p class="hint">No node lends memory. With it, a model that is too big for one machine runs over several.</p>
      ) : (
        <ul class="model-list">
          {workers.map((worker) => (
            <WorkerRow key={worker.id} worker={worker} />
          ))}
        </ul>
      )}
    </Card>
  )
}

function WorkerRow({ worker }: { readonly worker: Worker }) {
  const { name, device, memory, roundTripMs, path, waiting, use, user, unusable } = worker
  const facts = [
    `${formatBytes(memory)} on ${device}`,
    path === 'self' ? 'this node' : '',
    path === 'self' || roundTripMs === null ? '' : formatRoundTrip(roundTripMs),
    waiting > 0 ? `${formatCount(waiting, 'node')} waiting` : '',
  ]
  return (
    <li>
      <strong>{name}</strong>
      <WorkerState worker={worker} />
      <span class="hint">{facts.filter((fact) => fact !== '').join(' · ')}</span>
      {use === undefined ? null : <span>{`This node keeps ${partOf(use)} there; ${movedOf(use)}.`}</span>}
      {user === undefined ? null : <span>{`${user.name} keeps ${partOf(user)} here; ${movedOf(user)}.`}</span>}
      {unusable === undefined ? null : <span class="hint">{unusable}</span>}
    </li>
  )
}

function WorkerState({ worker: { isOnline, busy, unusable } }: { readonly worker: Worker }) {
  if (!isOnline) return <Badge>gone</Badge>
  if (unusable !== undefined) return <Badge tone="warn">not usable from here</Badge>
  return busy ? <Badge tone="info">in use</Badge> : <Badge tone="good">free</Badge>
}

function partOf({ model, layers, memoryBytes }: Use): string {
  const part = layers === undefined ? 'a part' : formatCount(layers, 'layer')
  return `${part} of ${model} (${formatBytes(memoryBytes)})`
}

function movedOf({ bytesIn, bytesOut, weightBytes, cachedWeightBytes }: Use): string {
  const cached =
    cachedWeightBytes > 0
      ? `, ${formatBytes(cachedWeightBytes)} of ${formatBytes(weightBytes)} weights were there already`
      : ''
  return `${formatBytes(bytesIn + bytesOut)} moved${cached}`
}
