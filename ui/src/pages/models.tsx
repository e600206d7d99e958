import { useSignal } from '@preact/signals'
import { Button } from '../components/button.tsx'
import { OperationList } from '../components/operation-list.tsx'
import { Tabs } from '../components/tabs.tsx'
import { hasFeature } from '../features.ts'
import { GalleryList } from '../models/gallery-list.tsx'
import { ImportDialog } from '../models/import-dialog.tsx'
import { KnownModels } from '../models/known-models.tsx'
import { useKnownModels } from '../models/use-known-models.ts'
import { useOperations } from '../operations.ts'
import type { PageProps } from '../pages.ts'
import { navigate } from '../router.ts'

type Tab = 'here' | 'gallery'

/** What models there are in the network, and what can be installed. */
export function Page({ query }: PageProps) {
  const importing = useSignal(false)
  /** Counts up when something was installed or removed. */
  const changes = useSignal(0)
  const { models, error, loading, reload } = useKnownModels()
  useOperations(() => {
    changes.value += 1
    reload()
  })
  const manages = hasFeature('gallery')
  const chosen: Tab = manages && query.get('tab') === 'gallery' ? 'gallery' : 'here'
  const list = <KnownModels models={models} error={error} loading={loading} onChange={reload} />
  return (
    <>
      <header class="page-head">
        <h1>Models</h1>
        {manages ? (
          <div class="actions">
            <Button icon="plus" onClick={() => (importing.value = true)}>
              From an address
            </Button>
            <Button icon="edit" onClick={() => navigate('/app/model-editor')}>
              From YAML
            </Button>
          </div>
        ) : null}
      </header>
      <OperationList />
      {manages ? (
        <Tabs<Tab>
          label="Which models"
          tabs={[
            ['here', `In this network (${models.length})`],
            ['gallery', 'Gallery'],
          ]}
          chosen={chosen}
          onChoose={(tab) => navigate(tab === 'gallery' ? '/app/models?tab=gallery' : '/app/models', { replace: true })}
        >
          {chosen === 'gallery' ? <GalleryList changes={changes.value} /> : list}
        </Tabs>
      ) : (
        list
      )}
      {importing.value ? (
        <ImportDialog
          onClose={() => {
            importing.value = false
          }}
        />
      ) : null}
    </>
  )
}
