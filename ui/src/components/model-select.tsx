import { hasFeature } from '../features.ts'
import { type Capability, isFor, type NamedModel } from '../models/named-model.ts'
import type { Models } from '../models/use-models.ts'
import { Link } from './link.tsx'
import { Field, Problem } from './parts.tsx'

export interface ModelSelectProps {
  readonly known: Models
  /** What the page does with it. */
  readonly capability: Capability
  readonly value: string
  readonly onChange: (model: string) => void
}

/** The models of the network that are for this; another one that was chosen stays, and says why it is none of them. */
export function ModelSelect({ known: { models, loading }, capability, value, onChange }: ModelSelectProps) {
  const fitting = models.filter((model) => isFor(capability, model))
  const isOdd = value !== '' && !fitting.some(({ id }) => id === value)
  return (
    <Field label="Model">
      {(control) => (
        <select {...control} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {isOdd ? <option value={value}>{loading ? value : `${value} (${whyOdd(value, models)})`}</option> : null}
          {value === '' ? <option value="">{loading ? 'looking …' : 'none'}</option> : null}
          {fitting.map(({ id, nodes = [] }) => (
            <option key={id} value={id}>
              {nodes.length > 1 ? `${id} (${nodes.length} nodes)` : id}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

function whyOdd(value: string, models: readonly NamedModel[]): string {
  return models.some(({ id }) => id === value) ? 'not for this' : 'not here now'
}

const VERBS: Readonly<Record<Capability, string>> = {
  chat: 'can chat',
  completion: 'can go on with a text',
  embeddings: 'makes embeddings',
}

/** Where there is no model for this: what to do. */
export function NoModelFor({
  known: { models, error, loading },
  capability,
}: Pick<ModelSelectProps, 'known' | 'capability'>) {
  if (loading || error !== undefined || models.some((model) => isFor(capability, model))) return null
  const what =
    models.length === 0 ? 'No node of this network has a model yet.' : `No model of this network ${VERBS[capability]}.`
  return (
    <Problem tone="info">
      {what} <HowToInstall />
    </Problem>
  )
}

/** Where it can be done here, the way there; an entry, and a visitor, install nothing. */
export function HowToInstall() {
  if (!hasFeature('gallery')) return <>The owner of a node that serves models can install one there.</>
  return (
    <>
      <Link to="/app/models?tab=gallery">Install one from the gallery</Link>.
    </>
  )
}
