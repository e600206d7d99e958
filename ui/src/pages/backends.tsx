import { useSignal } from '@preact/signals'
import { api, messageOf } from '../api.ts'
import { Button } from '../components/button.tsx'
import { ConfirmDialog } from '../components/confirm-dialog.tsx'
import { Dialog } from '../components/dialog.tsx'
import { GallerySearch, type Search } from '../components/gallery-search.tsx'
import { OperationList } from '../components/operation-list.tsx'
import { Pages } from '../components/page-numbers.tsx'
import { Badge, Card, Empty, Field, Loading, Problem } from '../components/parts.tsx'
import { lookForOperations, operations, useOperations } from '../operations.ts'
import { useApi } from '../use-api.ts'

interface Backend {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly license: string
  readonly tags: readonly string[]
  readonly installed: boolean
  readonly isSystem: boolean
}

/** `/api/backends`. */
interface BackendPage {
  readonly backends: readonly Backend[]
  readonly allTags: readonly string[]
  readonly systemCapability: string
  readonly currentPage: number
  readonly totalPages: number
}

const ITEMS = 24

/** The programs that run models. */
export function Page() {
  const search = useSignal<Search>({ term: '', tag: '', page: 1 })
  const deleting = useSignal<Backend | undefined>(undefined)
  const adding = useSignal(false)
  const { term, tag, page } = search.value
  const query = new URLSearchParams({ term, tag, page: String(page), items: String(ITEMS) })
  const { state, reload } = useApi<BackendPage>(`/api/backends?${query}`)
  useOperations(reload)
  const { data, error } = state.value
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Backends</h1>
          <p>The programs that run models{data === undefined ? '' : `; this machine: ${data.systemCapability}`}</p>
        </div>
        <Button icon="plus" onClick={() => (adding.value = true)}>
          From an address
        </Button>
      </header>
      <OperationList backends />
      {error === undefined ? null : <Problem>{error}</Problem>}
      {data === undefined && error === undefined ? <Loading what="Reading the backends" /> : null}
      {data === undefined ? null : (
        <>
          <GallerySearch
            value={search.value}
            tags={data.allTags}
            onChange={(changed) => {
              search.value = changed
            }}
          />
          {data.backends.length === 0 ? <Empty icon="search" title="No backend fits" /> : null}
          <div class="cards">
            {data.backends.map((backend) => (
              <BackendCard key={backend.id} backend={backend} onDelete={() => (deleting.value = backend)} />
            ))}
          </div>
          <Pages
            current={data.currentPage}
            total={data.totalPages}
            onChange={(next) => {
              search.value = { ...search.value, page: next }
            }}
          />
        </>
      )}
      {adding.value ? <AddDialog onClose={() => (adding.value = false)} /> : null}
      {deleting.value === undefined ? null : (
        <ConfirmDialog
          title={`Remove ${deleting.value.name}?`}
          verb="Remove"
          onConfirm={() => start('delete', deleting.value?.name ?? '')}
          onClose={() => {
            deleting.value = undefined
          }}
        >
          <p>Models that run on it are unloaded first.</p>
        </ConfirmDialog>
      )}
    </>
  )
}

async function start(action: 'install' | 'delete', id: string): Promise<void> {
  await api(`/api/backends/${action}/${encodeURIComponent(id)}`, { method: 'POST' })
  lookForOperations()
}

function BackendCard({ backend, onDelete }: { readonly backend: Backend; readonly onDelete: () => void }) {
  const { id, name, description, license, tags, installed, isSystem } = backend
  const job = operations.value.find((one) => one.isBackend && one.cancellable && (one.id === id || one.name === name))
  return (
    <Card title={name} actions={installed ? <Badge tone="good">installed</Badge> : undefined} class="gallery-card">
      <p class="soft clamped">{description}</p>
      <p class="actions">
        {isSystem ? <Badge>part of this program</Badge> : null}
        {tags.slice(0, 6).map((one) => (
          <Badge key={one}>{one}</Badge>
        ))}
        {license === '' ? null : <Badge tone="info">{license}</Badge>}
      </p>
      <div class="actions">
        {isSystem ? null : (
          <Button
            kind={installed ? 'plain' : 'primary'}
            icon="download"
            disabled={job !== undefined}
            onClick={() => start('install', id)}
          >
            {installed ? 'Install again' : 'Install'}
          </Button>
        )}
        {installed && !isSystem ? (
          <Button kind="danger" icon="trash" label={`Remove ${name}`} disabled={job !== undefined} onClick={onDelete} />
        ) : null}
      </div>
    </Card>
  )
}

function AddDialog({ onClose }: { readonly onClose: () => void }) {
  const error = useSignal<string | undefined>(undefined)
  async function send(form: FormData): Promise<void> {
    const text = (name: string): string => String(form.get(name) ?? '').trim()
    error.value = undefined
    try {
      await api('/api/backends/install-external', {
        body: { uri: text('uri'), name: text('name'), alias: text('alias') },
      })
      lookForOperations()
      onClose()
    } catch (thrown) {
      error.value = messageOf(thrown)
    }
  }
  return (
    <Dialog title="Install a backend from an address" onClose={onClose}>
      <Problem tone="warn">A backend is a program that this node will run: take it from people you trust only.</Problem>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault()
          void send(new FormData(event.currentTarget))
        }}
      >
        <Field label="Address" hint="oci://…, a folder or an archive">
          {(control) => <input {...control} name="uri" required autocomplete="off" spellcheck={false} />}
        </Field>
        <Field label="Name">{(control) => <input {...control} name="name" autocomplete="off" />}</Field>
        <Field label="Alias" hint="Another name that models may call it by">
          {(control) => <input {...control} name="alias" autocomplete="off" />}
        </Field>
        {error.value === undefined ? null : <Problem>{error.value}</Problem>}
        <div class="dialog-foot">
          <Button kind="primary">Install</Button>
        </div>
      </form>
    </Dialog>
  )
}
