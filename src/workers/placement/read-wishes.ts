import { AppError } from '../../base/errors.ts'
import type { ModelConfig } from '../../models/model-config.ts'
import type { PlanWishes, SplitMode, WorkerPin } from './plan.ts'

/** What a model's config, or a request, says of where it is to run; absent: nothing. */
export interface SaidWishes {
  readonly split?: SplitMode
  readonly pins?: readonly WorkerPin[]
}

/** LocalAI's word for "all layers" is 99999999, and its default 9999999; no model has as many as this. */
const ALL_LAYERS = 10_000
const MOST_PINS = 64
const MODES: readonly SplitMode[] = ['auto', 'off', 'force']

/**
 * What is wished for a model: what a request says goes before the model's own `options` (`split:force`,
 * `workers:NAME[=LAYERS],…`, `workers:off`, and LocalAI's `rpc_servers:` and `grpc_servers:`), and those before the node's
 * settings. `gpu_layers` and `tensor_split` are the model's alone. Throws `model.config-invalid`. Pure.
 */
export function readWishes(
  config: Pick<ModelConfig, 'options' | 'gpuLayers' | 'tensorSplit'>,
  ...before: readonly [request: SaidWishes, node: SaidWishes]
): PlanWishes {
  const [request, node] = before
  const own = readOptions(config.options)
  const pins = request.pins ?? own.pins ?? node.pins
  const { gpuLayers } = config
  const proportions = readProportions(config.tensorSplit)
  return {
    split: request.split ?? own.split ?? node.split ?? 'auto',
    ...(pins === undefined || pins.length === 0 ? {} : { pins }),
    ...(gpuLayers === undefined || gpuLayers <= 0 || gpuLayers >= ALL_LAYERS ? {} : { layersAway: gpuLayers }),
    ...(proportions === undefined ? {} : { proportions }),
  }
}

function readOptions(options: readonly string[]): SaidWishes {
  let said: SaidWishes = {}
  for (const option of options) {
    const [, name = '', value = ''] = /^\s*(workers|split|rpc_servers|grpc_servers)\s*:\s*(.*?)\s*$/.exec(option) ?? []
    if (name === 'split') said = { ...said, split: parseSplit(value) }
    else if (name === 'workers' && value === 'off') said = { ...said, split: 'off' }
    else if (name !== '') said = { ...said, pins: parsePins(value.split(',')) }
  }
  return said
}

/** Throws `model.config-invalid`. */
export function parseSplit(text: string): SplitMode {
  const mode = MODES.find((known) => known === text)
  if (mode !== undefined) return mode
  throw new AppError('model.config-invalid', `split is ${MODES.join(', ')}, not "${text}"`)
}

/** `NAME`, `NAME=LAYERS`, `HOST:PORT`. Throws `model.config-invalid`. */
export function parsePins(words: readonly string[]): readonly WorkerPin[] {
  const named = words.map((word) => word.trim()).filter((word) => word !== '')
  if (named.length > MOST_PINS) throw new AppError('model.config-invalid', `more than ${MOST_PINS} workers are named`)
  return named.map((word) => {
    const [, worker = '', layers] = /^(.*?)(?:=(\d{1,4}))?$/.exec(word) ?? []
    if (worker === '' || worker.includes('=')) {
      throw new AppError('model.config-invalid', `a worker is NAME or NAME=LAYERS, not "${word}"`)
    }
    return layers === undefined ? { worker } : { worker, layers: Number(layers) }
  })
}

/** `3,1`, as in llama.cpp; zeros at the end are devices that are not there. */
function readProportions(text: string | undefined): readonly number[] | undefined {
  const parts = (text ?? '')
    .split(/[,/]/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(Number)
  while (parts.at(-1) === 0) parts.pop()
  if (parts.length === 0) return undefined
  if (parts.every((part) => Number.isFinite(part) && part > 0)) return parts
  throw new AppError('model.config-invalid', `tensor_split is a list of numbers such as 3,1, not "${text}"`)
}
