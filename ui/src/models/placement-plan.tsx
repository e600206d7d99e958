import { Loading, Problem } from '../components/parts.tsx'
import { formatBytes } from '../format.ts'
import { useApi } from '../use-api.ts'

/** `/api/p2p/plan`: where a model's layers would go. */
interface Plan {
  readonly verdict: 'here' | 'split' | 'refused'
  readonly machines: readonly {
    readonly id: string
    readonly name: string
    readonly layers: number
    readonly hasOutput: boolean
    readonly memoryBytes: number
    readonly memoryAvailableBytes: number
    readonly roundTripMs: number
  }[]
  readonly tokensPerSecond: number
  readonly measuredSpeeds: boolean
  readonly why: readonly string[]
}

const VERDICTS = {
  here: 'It runs on this machine alone',
  split: 'It is split over several machines',
  refused: 'It does not fit',
} as const

/** What loading a model would come to, before it is done. */
export function PlacementPlan({ model }: { readonly model: string }) {
  const { state } = useApi<Plan>(`/api/p2p/plan?model=${encodeURIComponent(model)}`)
  const { data, error } = state.value
  if (error !== undefined) return <Problem tone="info">No plan: {error}</Problem>
  if (data === undefined) return <Loading what="Working out where it would go" />
  const { verdict, machines, why } = data
  return (
    <section class="plan" aria-label="Placement">
      <Problem tone={verdict === 'refused' ? 'warn' : 'info'}>
        <strong>{VERDICTS[verdict]}</strong>
        {why.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </Problem>
      {verdict === 'split' ? <Machines machines={machines} /> : null}
    </section>
  )
}

function Machines({ machines }: Pick<Plan, 'machines'>) {
  return (
    <div class="plain-table">
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
          {machines.map(({ id, name, layers, hasOutput, memoryBytes, memoryAvailableBytes, roundTripMs }) => (
            <tr key={id}>
              <th scope="row">{name}</th>
              <td>{hasOutput ? `${layers} and the output` : layers}</td>
              <td>
                {formatBytes(memoryBytes)} of {formatBytes(memoryAvailableBytes)}
              </td>
              <td>{roundTripMs === 0 ? '–' : `${roundTripMs.toFixed(1)} ms`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
