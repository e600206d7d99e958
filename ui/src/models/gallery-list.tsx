import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api } from '../api.ts'
import { Button } from '../components/button.tsx'
import { ConfirmDialog } from '../components/confirm-dialog.tsx'
import { GallerySearch, type Search } from '../components/gallery-search.tsx'
import { Pages } from '../components/page-numbers.tsx'
import { Badge, Card, Empty, Loading, Problem, Progress } from '../components/parts.tsx'
import { lookForOperations, operations } from '../operations.ts'
import { safeHref } from '../safe-href.ts'
import { useApi } from '../use-api.ts'

interface GalleryModel {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly license: string
  readonly urls: readonly string[]
  readonly tags: readonly string[]
  readonly gallery: string
  readonly installed: boolean
}

/** `/api/models`. */
interface GalleryPage {
  readonly models: readonly GalleryModel[]
  readonly allTags: readonly string[]
  readonly availableModels: number
  readonly currentPage: number
  readonly totalPages: number
}

const ITEMS = 12

/** `changes`: counts up when something was installed or removed. */
export function GalleryList({ changes }: { readonly changes: number }) {
  const search = useSignal<Search>({ term: '', tag: '', page: 1 })
  const deleting = useSignal<GalleryModel | undefined>(undefined)
  const { term, tag, page } = search.value
  const query = new URLSearchParams({ term, tag, page: String(page), items: String(ITEMS) })
  const { state, reload } = useApi<GalleryPage>(`/api/models?${query}`)
  useEffect(() => {
    if (changes > 0) reload()
  }, [changes])
  const { data, error } = state.value
  if (error !== undefined) return <Problem>{error}</Problem>
  if (data === undefined) return <Loading what="Reading the galleries" />
  return (
    <>
      <GallerySearch
        value={search.value}
        tags={data.allTags}
        onChange={(changed) => {
          search.value = changed
        }}
      />
      {data.models.length === 0 ? <Empty icon="search" title="Nothing in the galleries fits" /> : null}
      <div class="cards">
        {data.models.map((model) => (
          <ModelCard key={model.id} model={model} onDelete={() => (deleting.value = model)} />
        ))}
      </div>
      <Pages
        current={data.currentPage}
        total={data.totalPages}
        onChange={(next) => {
          search.value = { ...search.value, page: next }
        }}
      />
      {deleting.value === undefined ? null : (
        <ConfirmDialog
          title={`Delete ${deleting.value.name}?`}
          verb="Delete"
          onConfirm={() => start('delete', deleting.value?.id ?? '')}
          onClose={() => {
            deleting.value = undefined
          }}
        >
          <p>Its configuration and its files are removed from this node. It can be installed again.</p>
        </ConfirmDialog>
      )}
    </>
  )
}

async function start(action: 'install' | 'delete', id: string): Promise<void> {
  await api(`/api/models/${action}/${encodeURIComponent(id)}`, { method: 'POST' })
  lookForOperations()
}

function ModelCard({ model, onDelete }: { readonly model: GalleryModel; readonly onDelete: () => void }) {
  const { id, name, description, license, tags, installed } = model
  const page = model.urls.map(safeHref).find((href) => href !== undefined)
  const job = operations.value.find((one) => !one.isBackend && one.cancellable && (one.id === id || one.name === name))
  return (
    <Card title={name} actions={installed ? <Badge tone="good">installed</Badge> : undefined} class="gallery-card">
      <p class="soft clamped">{description}</p>
      <p class="actions">
        {tags.slice(0, 6).map((one) => (
          <Badge key={one}>{one}</Badge>
        ))}
        {license === '' ? null : <Badge tone="info">{license}</Badge>}
      </p>
      {job === undefined ? (
        <div class="actions">
          <Button kind={installed ? 'plain' : 'primary'} icon="download" onClick={() => start('install', id)}>
            {installed ? 'Install again' : 'Install'}
          </Button>
          {installed ? <Button kind="danger" icon="trash" label={`Delete ${name}`} onClick={onDelete} /> : null}
          {page === undefined ? null : (
            <a href={page} target="_blank" rel="noopener noreferrer nofollow">
              About it
            </a>
          )}
        </div>
      ) : (
        <div>
          <Progress
            share={job.isQueued ? undefined : job.progress / 100}
            label={`${name}: ${Math.round(job.progress)} %`}
          />
          <p class="hint">{job.isQueued ? 'Waits for its turn' : `${Math.round(job.progress)} %, ${job.message}`}</p>
        </div>
      )}
    </Card>
  )
}
