import type { Parameters } from '../chat/conversation.ts'
import { Field } from './parts.tsx'

type Sampling = Omit<Parameters, 'system'>

const FIELDS = [
  ['temperature', 'Temperature', { min: 0, max: 2, step: 0.05 }, 'How much is left to chance: 0 is none'],
  ['topP', 'Top p', { min: 0, max: 1, step: 0.01 }, 'Only the likeliest tokens up to this share'],
  ['maxTokens', 'Most tokens', { min: 1, step: 1 }, 'An answer ends there'],
] as const

/** What is left empty the model decides. */
export function SamplingFields<T extends Sampling>({
  value,
  onChange,
}: {
  readonly value: T
  readonly onChange: (value: T) => void
}) {
  return (
    <>
      {FIELDS.map(([name, label, limits, hint]) => (
        <Field key={name} label={label} hint={hint}>
          {(control) => (
            <input
              {...control}
              {...limits}
              type="number"
              placeholder="as the model says"
              value={value[name]}
              onInput={(event) => onChange({ ...value, [name]: event.currentTarget.value })}
            />
          )}
        </Field>
      ))}
    </>
  )
}
