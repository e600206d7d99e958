import { useSignal } from '@preact/signals'
import { api } from '../api.ts'
import { Button } from '../components/button.tsx'
import { Field, Loading, Problem } from '../components/parts.tsx'
import { toast } from '../components/toast.tsx'
import { formatBytes } from '../format.ts'
import { useApi } from '../use-api.ts'
import { usePolled } from '../use-polled.ts'

/** `/api/p2p/plan`: where a model's layers would go. */
interface Plan {
  readonly model: string
  readonly verdict: 'here' | 'split' | 'refused'
  readonly machines: readonly PlannedMachine[]
  readonly why: readonly string[]
}

interface PlannedMachine {
  readonly id: string
  readonly name: string
  readonly layers: number
  readonly has_output: boolean
  readonly memory_bytes: number
  readonly memory_available_bytes: number
  readonly round_trip_ms: number
}

interface PlacedModel extends Plan {
  readonly measured_tokens_per_second: number | null
}

const LOOK_EVERY_MS = 4000

/** Empty: as the model's configuration says, or as it was last loaded. */
type Split = '' | 'auto' | 'off' | 'force'

const SPLITS: readonly (readonly [Split, string])[] = [
  ['', 'As it is set'],
  ['auto', 'As this node decides'],
  ['off', 'On this machine only'],
  ['force', 'Over several machines'],
]

const VERDICTS = {
  here: 'It would run on this machine alone',
  split: 'It would be split over several machines',
  refused: 'It would not be loaded',
} as const

export interface PlacementPlanProps {
  readonly model: string
  readonly onLoaded: () => void
}

/** What loading a model would come to, before it is done. */
export function PlacementPlan({ model, onLoaded }: PlacementPlanProps) {
  const split = useSignal<Split>('')
  const query = new URLSearchParams({ model, ...(split.value === '' ? {} : { split: split.value }) })
  const { state } = useApi<Plan>(`/api/p2p/plan?${query}`)
  const { data, error } = state.value

  async function load(): Promise<void> {
    await api('/api/p2p/plan/apply', { body: { model, split: split.value } })
    toast(`${model} is loaded`, 'good')
    onLoaded()
  }

  return (
    <section class="plan" aria-label="Placement">
      <Field label="Where its layers go">
        {(control) => (
          <select
            {...control}
            value={split.value}
            onChange={(event) => {
              split.value = event.currentTarget.value as Split
            }}
          >
            {SPLITS.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        )}
      </Field>
      {error === undefined ? null : <Problem tone="info">No plan: {error}</Problem>}
      {data === undefined && error === undefined ? <Loading what="Working out where it would go" /> : null}
      {data === undefined || error !== undefined ? null : (
        <>
          <Problem tone={data.verdict === 'refused' ? 'warn' : 'info'}>
            <strong>{VERDICTS[data.verdict]}</strong>
            {data.why.map((sentence) => (
              <p key={sentence}>{sentence}</p>
            ))}
          </Problem>
          {data.verdict === 'split' ? <Machines machines={data.machines} /> : null}
          {split.value === '' || data.verdict === 'refused' ? null : (
            <div class="actions">
              <Button icon="play" onClick={load}>
                Load like this
              </Button>
            </div>
          )}
        </>
      )}
    </section>
  )
}

/** Where the layers of a model in memory are; nothing for one that is here alone. */
export function CurrentPlacement({ model }: { readonly model: string }) {
  const { state, reload } = useApi<{ readonly models: readonly PlacedModel[] }>('/api/p2p/plan')
  // How fast it is shows after its first answers.
  usePolled(reload, LOOK_EVERY_MS)
  const placed = state.value.data?.models.find((one) => one.model === model)
  if (placed === undefined || placed.verdict !== 'split') return null
  const speed = placed.measured_tokens_per_second
  return (
    <section class="plan" aria-label="Placement">
      <p>
        It is split over {placed.machines.length} machines
        {speed === null ? '' : `, and makes ${speed.toFixed(1)} tokens/s`}.
      </p>
      <Machines machines={placed.machines} />
    </section>
  )
}

function Machines({ machines }: Pick<Plan, 'machines'>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with the keyboard
    <section class="plain-table" tabIndex={0} aria-label="Machines">
      <table>
        <thead>
          <tr>
            <th scope="col">Machine</th>
            <th scope="col">Layers</th>
            <th scope="col">Memory</th>
            <th scope="col">Away</th>
          </tr>
        </thead>
        <tbody>
          {machines.map((machine) => (
            <tr key={machine.id}>
              <th scope="row">{machine.name}</th>
              <td>{machine.has_output ? `${machine.layers} and the output` : machine.layers}</td>
              <td>
                {formatBytes(machine.memory_bytes)} of {formatBytes(machine.memory_available_bytes)}
              </td>
              <td>{machine.round_trip_ms === 0 ? '–' : `${machine.round_trip_ms.toFixed(1)} ms`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
