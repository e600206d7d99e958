import type { ModelNeeds, ModelUse } from './model-needs.ts'
import type { Machine, Plan, PlannedMachine, PlanWishes, SingleNode } from './plan.ts'

export function gigabytes(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}

/** That it gets less than was asked for. */
export function contextWords({ contextSize, askedContextSize }: ModelUse): readonly string[] {
  if (askedContextSize === undefined) return []
  return [`It was trained for ${contextSize} tokens and gets no more, though ${askedContextSize} were asked for.`]
}

/** Why it is, or is not, on this machine alone. */
export function aloneWords(
  { machines }: Plan,
  { fitsHere, forced }: { readonly fitsHere: boolean; readonly forced: boolean },
): readonly string[] {
  const [here] = machines
  if (here === undefined) return []
  const figures = `It takes ${gigabytes(here.memoryBytes)}, and ${gigabytes(here.memoryAvailableBytes)} are free here`
  if (fitsHere) return [`${figures}: it runs on this machine alone.`]
  if (forced) return [`${figures}: it does not fit, and splitting it is switched off (--split=off).`]
  return [
    `${figures}: it does not fit, and no machine lends memory. It is read from the file again and again, which is very slow.`,
    'To lend memory, run "local-ai worker p2p-llama-cpp-rpc" on another machine with the same token.',
  ]
}

/** How it is split, and what that costs. */
export function splitWords(
  { machines, layerCount, tokensPerSecond, measuredSpeeds }: Plan,
  { fitsHere, best }: { readonly fitsHere: boolean; readonly best: SingleNode | undefined },
): readonly string[] {
  const total = machines.reduce((sum, { secondsPerToken }) => sum + secondsPerToken, 0)
  const [here, ...workers] = machines
  const reason = fitsHere ? 'It would fit here, and is split because that was asked for' : 'It does not fit here'
  const away = workers.reduce((sum, { layers }) => sum + layers, 0)
  return [
    `${reason}: ${away} of ${layerCount} layers go to ${workers.length} worker${workers.length === 1 ? '' : 's'}.`,
    ...[here, ...workers].flatMap((machine) => (machine === undefined ? [] : machineWords(machine, total))),
    `About ${tokensPerSecond.toFixed(1)} tokens/s for one answer${measuredSpeeds ? '' : '; some of the machines have not been measured, so this is a guess'}.`,
    ...(best === undefined
      ? []
      : [
          `The fastest node that could hold it alone is "${best.name}", with about ${best.tokensPerSecond.toFixed(1)}.`,
        ]),
  ]
}

function machineWords(machine: PlannedMachine, totalSeconds: number): string {
  const { name, layers, hasOutput, memoryBytes, memoryAvailableBytes, roundTripMs, secondsPerToken } = machine
  const what = `${layers} layer${layers === 1 ? '' : 's'}${hasOutput ? ' and the output' : ''}`
  const memory = `${gigabytes(memoryBytes)} of ${gigabytes(memoryAvailableBytes)}`
  const trip = roundTripMs === 0 ? '' : `, ${roundTripMs.toFixed(1)} ms away`
  const share = Math.round((secondsPerToken / totalSeconds) * 100)
  return `${name}: ${what}, ${memory}${trip}, ${share} % of the time.`
}

/** Why nothing was found, and what to do. */
export function refusalWords(
  alone: Plan,
  facts: { readonly machines: readonly Machine[]; readonly needs: ModelNeeds; readonly wishes: PlanWishes },
): readonly string[] {
  const { machines, wishes } = facts
  if (machines.length === 0) {
    return [
      'It is to be split, and no machine lends memory now that could be used ("local-ai p2p workers" tells why).',
      'Run "local-ai worker p2p-llama-cpp-rpc" on another machine with the same token, or load it here with --split=off.',
    ]
  }
  const [here] = alone.machines
  const lent = machines.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)
  const asked = wishes.pins !== undefined || wishes.layersAway !== undefined || wishes.proportions !== undefined
  const figures = `It takes ${gigabytes(here?.memoryBytes ?? 0)}; ${gigabytes(here?.memoryAvailableBytes ?? 0)} are free here and ${gigabytes(lent)} with ${machines.length} worker${machines.length === 1 ? '' : 's'}`
  const hint = asked
    ? 'Leave out the pins, gpu_layers or tensor_split that say how it is to be split'
    : 'Start another worker with the same token, unload a model'
  return [
    `${figures}: the layers cannot be shared out so that every part fits.`,
    `${hint}, choose a smaller context_size or quantization, or load it from the disk of this machine alone with --split=off.`,
  ]
}
