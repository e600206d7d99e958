import { byteSize } from './lending-settings.ts'
import { list, oneOf, optional, setting } from './setting.ts'

/** Where the layers of a model go when it is too large for this machine. */
export const placementSettings = {
  split: setting({
    flags: ['--split'],
    env: ['LOCALAI_SPLIT'],
    fallback: 'auto',
    help: 'Run a model over other machines that lend memory. auto: when it does not fit here and no node alone would be faster; off: never; force: always',
    group: 'Workers',
    kind: oneOf('auto', 'off', 'force'),
  }),
  workers: setting({
    flags: ['--worker'],
    env: ['LOCALAI_WORKERS'],
    fallback: [],
    fallbackText: 'as the plan finds best',
    help: 'Split models over these workers only, in this order: NAME, or NAME=LAYERS',
    group: 'Workers',
    kind: list,
  }),
  modelMemory: setting({
    flags: ['--model-memory'],
    env: ['LOCALAI_MODEL_MEMORY'],
    fallback: undefined,
    fallbackText: 'what is free',
    help: 'Most memory that the models of this machine may take, before one is split: 12GB',
    group: 'Workers',
    kind: optional(byteSize),
  }),
} as const
