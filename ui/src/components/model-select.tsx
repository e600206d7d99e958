import type { NamedModel } from '../models/named-model.ts'
import { Field } from './parts.tsx'

export interface ModelSelectProps {
  readonly models: readonly NamedModel[]
  readonly value: string
  readonly onChange: (model: string) => void
  readonly disabled?: boolean
}

/** All models of the network; one that is gone stays chosen, and says so. */
export function ModelSelect({ models, value, onChange, disabled = false }: ModelSelectProps) {
  const gone = value !== '' && !models.some(({ id }) => id === value)
  return (
    <Field label="Model">
      {(control) => (
        <select
          {...control}
          value={value}
          disabled={disabled}
          onChange={(event) => onChange(event.currentTarget.value)}
        >
          {gone ? <option value={value}>{value} (not here now)</option> : null}
          {models.map(({ id, nodes = [] }) => (
            <option key={id} value={id}>
              {nodes.length > 1 ? `${id} (${nodes.length} nodes)` : id}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
