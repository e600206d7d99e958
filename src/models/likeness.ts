import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { ModelConfig } from './model-config.ts'

/** What else, beside the configuration, decides what a model answers. */
export interface LikenessFacts {
  /** SHA-256 of the model's file. */
  readonly fileHash: string
  /** Which engine runs it: another one puts its answer together otherwise. */
  readonly engine: string
  /** Of this program: its templates and parsers are part of the answer. */
  readonly version: string
}

/** Where the model lies, how fast it runs here and who may use it: none of it changes an answer. */
const NO_PART_OF_ANSWERS: ReadonlySet<string> = new Set<keyof ModelConfig>([
  'name',
  'description',
  'modelFile',
  'threads',
  'gpuLayers',
  'batch',
  'mmap',
  'mlock',
  'tensorSplit',
  'mainGpu',
  'knownUseCases',
  'readyTimeoutMs',
  'disabled',
  'pinned',
  'limits',
  'concurrencyGroups',
  'downloadFiles',
  'revision',
  'raw',
])

/** Options that say where a model runs: over however many machines, its greedy text is the same. */
const PLACING = /^\s*(workers|split|rpc_servers|grpc_servers)\s*(:|$)/

/** `ModelAdvert.likeness`: 32 hexadecimal digits, equal for models that give equal answers. Pure. */
export function likenessOf(config: ModelConfig, facts: LikenessFacts): string {
  const { parameters, loraAdapters = [], mmproj, options = [], ...rest } = config
  const said = Object.fromEntries(Object.entries(rest).filter(([key]) => !NO_PART_OF_ANSWERS.has(key)))
  const { model: _, ...sampling } = parameters
  const adapters = loraAdapters.map(({ file, scale }) => ({ file: basename(file), scale }))
  const all = {
    ...{ ...facts, ...said, sampling, adapters, projector: mmproj && basename(mmproj) },
    options: options.filter((option) => !PLACING.test(option)),
  }
  return createHash('sha256').update(inOrder(all)).digest('hex').slice(0, 32)
}

/** JSON with the keys in order, so that a configuration may be written in any. */
function inOrder(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  )
}
