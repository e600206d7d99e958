import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api, apiVersion, isOutdated, messageOf, type Version } from '../api.ts'
import { Button } from '../components/button.tsx'
import { Link } from '../components/link.tsx'
import { Field, Loading, Problem } from '../components/parts.tsx'
import { toast } from '../components/toast.tsx'
import type { PageProps } from '../pages.ts'
import { navigate } from '../router.ts'
import { useUnsaved } from '../unsaved.ts'

const BEGINNING = 'name: my-model\nbackend: llama-cpp\nparameters:\n  model: my-model.gguf\n'

/** The YAML of a model; without a name, of a new one. The node checks it before it takes it. */
export function Page({ params }: PageProps) {
  const name = params['name']
  const saved = useSignal<string | undefined>(name === undefined ? BEGINNING : undefined)
  const text = useSignal(BEGINNING)
  const read = useSignal<Version<{ readonly config: string }> | undefined>(undefined)
  const error = useSignal<string | undefined>(undefined)
  useUnsaved(saved.value !== undefined && text.value !== saved.value)

  useEffect(() => {
    if (name === undefined) return
    readModel(name).then(
      (version) => {
        read.value = version
        saved.value = version.value.config
        text.value = version.value.config
      },
      (thrown: unknown) => {
        error.value = messageOf(thrown)
      },
    )
  }, [name, read, saved, text, error])

  async function save(): Promise<void> {
    const sent = text.value
    const path = name === undefined ? '/models/import' : `/models/edit/${encodeURIComponent(name)}`
    error.value = undefined
    try {
      const { message } = await api<{ readonly message: string }>(path, {
        text: sent,
        headers: read.value?.ifUnchanged ?? {},
      })
      saved.value = sent
      toast(message, 'good')
      navigate('/app/models')
    } catch (thrown) {
      error.value = messageOf(thrown)
      if (name !== undefined && isOutdated(thrown)) await lookAgain(name)
    }
  }

  /** What was typed stays; saving it again is for what is there now. */
  async function lookAgain(model: string): Promise<void> {
    const now = await readModel(model).catch(() => undefined)
    if (now === undefined) return
    read.value = now
    saved.value = now.value.config
    error.value =
      'Somebody else has changed this configuration meanwhile. Save again to replace theirs, or undo to see it.'
  }

  return (
    <>
      <header class="page-head">
        <h1>{name ?? 'New model'}</h1>
        <Link to="/app/models">All models</Link>
      </header>
      {saved.value === undefined && error.value === undefined ? <Loading what="Reading the configuration" /> : null}
      {saved.value === undefined ? null : (
        <form
          class="fields"
          onSubmit={(event) => {
            event.preventDefault()
            void save()
          }}
        >
          <Field
            label="Configuration (YAML)"
            hint="The node checks it before it is taken over; a model in memory is loaded anew with it."
          >
            {(control) => (
              <textarea
                {...control}
                class="mono editor"
                rows={24}
                spellcheck={false}
                aria-invalid={error.value !== undefined}
                value={text.value}
                onInput={(event) => {
                  text.value = event.currentTarget.value
                }}
              />
            )}
          </Field>
          {error.value === undefined ? null : <Problem>{error.value}</Problem>}
          <div class="actions">
            <Button kind="primary" disabled={name !== undefined && text.value === saved.value}>
              Save
            </Button>
            <Button
              disabled={text.value === saved.value}
              onClick={() => {
                text.value = saved.value ?? ''
                error.value = undefined
              }}
            >
              Undo the changes
            </Button>
          </div>
        </form>
      )}
      {saved.value === undefined && error.value !== undefined ? <Problem>{error.value}</Problem> : null}
    </>
  )
}

async function readModel(name: string): Promise<Version<{ readonly config: string }>> {
  return await apiVersion(`/api/models/edit/${encodeURIComponent(name)}`)
}
