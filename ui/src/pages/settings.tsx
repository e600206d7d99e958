import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ApiError, api, apiVersion, isOutdated, messageOf, type Version } from '../api.ts'
import { Button } from '../components/button.tsx'
import { Card, Field, Loading, Problem } from '../components/parts.tsx'
import { toast } from '../components/toast.tsx'
import { type FieldValue, rebase, toField } from '../settings/field-value.ts'
import { type SettingRow, sectionsFor } from '../settings/sections.ts'
import { fromField, isLong, keyToBlame } from '../settings/setting-text.ts'
import { useUnsaved } from '../unsaved.ts'

type Values = Readonly<Record<string, unknown>>
type Fields = Readonly<Record<string, FieldValue>>

interface Changed {
  readonly requires_restart: readonly string[]
  readonly overridden: readonly string[]
}

/** Somebody else saves all the time: tell, instead of trying for ever. */
const MOST_TRIES = 5

/** What can be changed while the node runs. */
export function Page() {
  const settings = useSignal<Version<Values> | undefined>(undefined)
  /** Only what differs from the values. */
  const fields = useSignal<Fields>({})
  const error = useSignal<{ readonly key: string | undefined; readonly message: string } | undefined>(undefined)
  const outcome = useSignal<Changed | undefined>(undefined)

  async function load(): Promise<void> {
    settings.value = await apiVersion<Values>('/api/settings')
    fields.value = {}
  }

  /** What was typed is for what the settings are now. Throws `ApiError` with the key for what somebody should look at. */
  async function catchUp(before: Values): Promise<void> {
    const read = await apiVersion<Values>('/api/settings')
    settings.value = read
    let conflict: ApiError | undefined
    for (const [key, field] of Object.entries(fields.value)) {
      const now = read.value[key]
      const rebased = rebase(field, { before: before[key], now })
      fields.value = withField(fields.value, { key, field: rebased ?? field, before: now })
      if (rebased !== undefined) continue
      const message = `Somebody else has made this ${sayField(toField(now))} meanwhile. Save again to replace that.`
      conflict ??= new ApiError(message, { status: 412, param: key })
    }
    if (conflict !== undefined) throw conflict
  }

  async function send(): Promise<Changed> {
    for (let tries = 1; ; tries += 1) {
      const { value: before = {}, ifUnchanged = {} } = settings.value ?? {}
      const body = Object.fromEntries(
        Object.entries(fields.value).map(([key, field]) => [key, fromField(key, field, before[key])]),
      )
      try {
        return await api<Changed>('/api/settings', { body, headers: ifUnchanged })
      } catch (thrown) {
        if (!isOutdated(thrown) || tries === MOST_TRIES) throw thrown
        await catchUp(before)
      }
    }
  }

  useEffect(() => {
    load().catch((thrown: unknown) => {
      error.value = { key: undefined, message: messageOf(thrown) }
    })
  }, [])

  async function save(): Promise<void> {
    error.value = undefined
    try {
      outcome.value = await send()
      toast('Saved', 'good')
      await load()
    } catch (thrown) {
      const key = keyToBlame(thrown)
      error.value = { key, message: messageOf(thrown) }
      if (key !== undefined) document.querySelector<HTMLElement>(`[name="${CSS.escape(key)}"]`)?.focus()
    }
  }

  const current = settings.value?.value
  const changed = Object.keys(fields.value).length
  useUnsaved(changed > 0)
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Settings</h1>
          <p>Of this node. What is said by a flag or a variable at the start wins.</p>
        </div>
      </header>
      {current === undefined && error.value === undefined ? <Loading /> : null}
      {error.value === undefined || error.value.key !== undefined ? null : <Problem>{error.value.message}</Problem>}
      {outcome.value === undefined ? null : <Outcome changed={outcome.value} />}
      {current === undefined ? null : (
        <form
          class="settings"
          onSubmit={(event) => {
            event.preventDefault()
            void save()
          }}
        >
          {sectionsFor(Object.keys(current)).map(({ title, rows }) => (
            <Card key={title} title={title} class="fields">
              {rows.map((row) => (
                <SettingField
                  key={row.key}
                  row={row}
                  value={current[row.key]}
                  field={fields.value[row.key] ?? toField(current[row.key])}
                  error={error.value?.key === row.key ? error.value.message : undefined}
                  onChange={(field) => {
                    fields.value = withField(fields.value, { key: row.key, field, before: current[row.key] })
                  }}
                />
              ))}
            </Card>
          ))}
          <div class={changed === 0 ? 'actions' : 'actions save-bar'}>
            <Button kind="primary" disabled={changed === 0}>
              {changed === 0 ? 'Nothing has changed' : 'Save'}
            </Button>
            {changed === 0 ? null : (
              <Button
                onClick={() => {
                  fields.value = {}
                  error.value = undefined
                }}
              >
                Undo the changes
              </Button>
            )}
          </div>
        </form>
      )}
    </>
  )
}

function sayField(field: FieldValue): string {
  if (typeof field === 'boolean') return field ? 'on' : 'off'
  return field === '' ? 'empty' : `“${field}”`
}

/** A field that is as it was counts as unchanged. */
function withField(
  fields: Fields,
  { key, field, before }: { readonly key: string; readonly field: FieldValue; readonly before: unknown },
): Fields {
  const { [key]: _, ...others } = fields
  return field === toField(before) ? others : { ...others, [key]: field }
}

interface SettingFieldProps {
  readonly row: SettingRow
  readonly value: unknown
  readonly field: FieldValue
  readonly error: string | undefined
  readonly onChange: (field: FieldValue) => void
}

function SettingField({ row, value, field, error, onChange }: SettingFieldProps) {
  const { key, label, hint } = row
  if (typeof field === 'boolean') {
    return (
      <label class="switch">
        <input name={key} type="checkbox" checked={field} onChange={(event) => onChange(event.currentTarget.checked)} />
        {label}
      </label>
    )
  }
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) =>
        isLong(key, value) ? (
          <textarea
            {...control}
            name={key}
            class="mono"
            rows={3}
            spellcheck={false}
            value={field}
            aria-invalid={error !== undefined}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
        ) : (
          <input
            {...control}
            name={key}
            value={field}
            autocomplete="off"
            spellcheck={false}
            inputMode={typeof value === 'number' ? 'decimal' : 'text'}
            aria-invalid={error !== undefined}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
        )
      }
    </Field>
  )
}

function Outcome({ changed }: { readonly changed: Changed }) {
  const { requires_restart: restart, overridden } = changed
  if (restart.length + overridden.length === 0) return null
  return (
    <Problem tone="warn">
      {restart.length === 0 ? null : <p>From the next start of the node on: {restart.join(', ')}.</p>}
      {overridden.length === 0 ? null : (
        <p>Stored, but a flag or a variable of this node says otherwise: {overridden.join(', ')}.</p>
      )}
    </Problem>
  )
}
