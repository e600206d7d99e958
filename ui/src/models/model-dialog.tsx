import { useSignal } from '@preact/signals'
import { api } from '../api.ts'
import { Button } from '../components/button.tsx'
import { ConfirmDialog } from '../components/confirm-dialog.tsx'
import { Dialog } from '../components/dialog.tsx'
import { Badge } from '../components/parts.tsx'
import { toast } from '../components/toast.tsx'
import { hasFeature } from '../features.ts'
import { formatBytes } from '../format.ts'
import { manages } from '../live.ts'
import { lookForOperations } from '../operations.ts'
import { navigate } from '../router.ts'
import type { KnownModel } from './known-model.ts'
import { isFor } from './named-model.ts'
import { CurrentPlacement, PlacementPlan } from './placement-plan.tsx'

export interface ModelDialogProps {
  readonly model: KnownModel
  readonly onChange: () => void
  readonly onClose: () => void
}

/** Everything about one model, and what can be done with it. */
export function ModelDialog({ model, onChange, onClose }: ModelDialogProps) {
  const { id, description, capabilities, fileSizeBytes, isHere, source } = model
  const deleting = useSignal(false)
  if (deleting.value) {
    return (
      <ConfirmDialog
        title={`Delete ${id}?`}
        verb="Delete"
        onConfirm={async () => {
          await api(`/api/models/delete/${encodeURIComponent(id)}`, { method: 'POST' })
          lookForOperations()
          onClose()
        }}
        onClose={() => {
          deleting.value = false
        }}
      >
        <p>Its configuration and its files are removed from this node, unless another model uses them.</p>
      </ConfirmDialog>
    )
  }
  const name = encodeURIComponent(id)
  return (
    <Dialog
      title={id}
      wide
      onClose={onClose}
      actions={
        <>
          {source !== undefined && hasFeature('gallery') ? (
            <Button kind="danger" icon="trash" onClick={() => (deleting.value = true)}>
              Delete
            </Button>
          ) : null}
          {source === 'configuration' && hasFeature('gallery') ? (
            <Button icon="edit" onClick={() => navigate(`/app/model-editor/${name}`)}>
              Edit
            </Button>
          ) : null}
          <UseButton model={model} />
        </>
      }
    >
      {description === '' ? null : <p>{description}</p>}
      <p class="actions">
        {capabilities.map((capability) => (
          <Badge key={capability}>{capability}</Badge>
        ))}
        {fileSizeBytes === undefined ? null : <Badge tone="info">{formatBytes(fileSizeBytes)}</Badge>}
      </p>
      {isHere ? <Memory model={model} onChange={onChange} /> : null}
      <Holders model={model} />
    </Dialog>
  )
}

/** To the page that it is for; none of them is for a model that makes pictures or sound. */
function UseButton({ model }: { readonly model: KnownModel }) {
  const [use] = USES.filter(({ capability }) => isFor(capability, model))
  if (use === undefined) return null
  const { capability, icon, title } = use
  return (
    <Button kind="primary" icon={icon} onClick={() => navigate(`/app/${capability}/${encodeURIComponent(model.id)}`)}>
      {title}
    </Button>
  )
}

const USES = [
  { capability: 'chat', icon: 'chat', title: 'Chat' },
  { capability: 'completion', icon: 'edit', title: 'Completion' },
  { capability: 'embeddings', icon: 'copy', title: 'Embeddings' },
] as const

const STATES = {
  starting: 'is being loaded',
  ready: 'in the memory of this node',
  stopping: 'is being unloaded',
  failed: 'failed',
} as const

function Memory({ model, onChange }: { readonly model: KnownModel; readonly onChange: () => void }) {
  const { id, loaded } = model
  async function ask(path: string, done: string): Promise<void> {
    await api(path, { body: { model: id } })
    toast(`${id} ${done}`, 'good')
    onChange()
  }
  if (loaded === undefined) {
    return (
      <>
        <div class="actions">
          <Badge>not in the memory of this node</Badge>
          {manages.value ? (
            <Button icon="play" onClick={() => ask('/backend/load', 'is loaded')}>
              Load
            </Button>
          ) : null}
        </div>
        {hasFeature('plan') ? <PlacementPlan model={id} onLoaded={onChange} /> : null}
      </>
    )
  }
  return (
    <>
      <div class="actions">
        <Badge tone={loaded.state === 'ready' ? 'good' : 'info'}>{STATES[loaded.state]}</Badge>
        <span class="hint">
          {loaded.backend}, {loaded.in_flight} running
        </span>
        {manages.value ? (
          <Button icon="stop" onClick={() => ask('/backend/shutdown', 'is unloaded')}>
            Unload
          </Button>
        ) : null}
      </div>
      {hasFeature('plan') ? <CurrentPlacement model={id} /> : null}
    </>
  )
}

function Holders({ model }: { readonly model: KnownModel }) {
  if (model.holders.length === 0) return null
  const holders = model.holders.toSorted(
    (left, right) => Number(right.isSelf) - Number(left.isSelf) || left.node.localeCompare(right.node),
  )
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with the keyboard
    <section class="plain-table" tabIndex={0} aria-label="Who has it">
      <table>
        <caption>Who has it</caption>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">In memory</th>
            <th scope="col">Context</th>
            <th scope="col">Tokens/s lately</th>
          </tr>
        </thead>
        <tbody>
          {holders.map(({ node, isSelf, isOnline, loaded, contextSize, tokensPerSecond }) => (
            <tr key={node}>
              <th scope="row">
                {node} {isSelf ? <Badge>this node</Badge> : null} {isOnline ? null : <Badge tone="bad">silent</Badge>}
              </th>
              <td>{loaded ? 'yes' : 'no'}</td>
              <td>{contextSize ?? '–'}</td>
              <td>{tokensPerSecond?.toFixed(1) ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
