import { AppError } from '../base/errors.ts'
import { bool, duration, type Kind, optional, optionalPath, setting, text } from './setting.ts'

/** A part of a whole, from 0 to 1. */
const fraction: Kind<number> = {
  placeholder: 'FLOAT',
  parse(value) {
    const parsed = /^(?:0|1|[01]?\.\d{1,9}|1\.0*)$/.test(value) ? Number(value) : Number.NaN
    if (parsed >= 0 && parsed <= 1) return parsed
    throw new AppError('config.invalid', `expected a number from 0 to 1 but got "${value}"`)
  },
}

const memorySettings = {
  memoryReclaimer: setting({
    flags: ['--enable-memory-reclaimer'],
    env: ['LOCALAI_MEMORY_RECLAIMER', 'MEMORY_RECLAIMER', 'LOCALAI_GPU_RECLAIMER', 'GPU_RECLAIMER'],
    fallback: false,
    help: 'Unload the least recently used model while too much of the memory is in use',
    group: 'Backends',
    kind: bool,
  }),
  memoryReclaimerThreshold: setting({
    flags: ['--memory-reclaimer-threshold'],
    env: [
      'LOCALAI_MEMORY_RECLAIMER_THRESHOLD',
      'MEMORY_RECLAIMER_THRESHOLD',
      'LOCALAI_GPU_RECLAIMER_THRESHOLD',
      'GPU_RECLAIMER_THRESHOLD',
    ],
    fallback: 0.95,
    help: 'How much of the memory is too much',
    group: 'Backends',
    kind: fraction,
  }),
} as const

/** When models are loaded, and when they leave. */
export const modelLifeSettings = {
  ...memorySettings,
  parallelRequests: setting({
    flags: ['--parallel-requests'],
    env: ['LOCALAI_PARALLEL_REQUESTS', 'PARALLEL_REQUESTS'],
    fallback: undefined,
    fallbackText: 'as many as the backend takes',
    help: 'Let a model work on several requests at the same time; =false: one after the other',
    group: 'Backends',
    kind: optional(bool),
  }),
  singleActiveBackend: setting({
    flags: ['--single-active-backend'],
    env: ['LOCALAI_SINGLE_ACTIVE_BACKEND', 'SINGLE_ACTIVE_BACKEND'],
    fallback: false,
    help: 'One model in memory at a time',
    deprecated: 'use --max-active-backends=1',
    group: 'Backends',
    kind: bool,
  }),
  watchdogIntervalMs: setting({
    flags: ['--watchdog-interval'],
    env: ['LOCALAI_WATCHDOG_INTERVAL', 'WATCHDOG_INTERVAL'],
    fallback: 500,
    fallbackText: '500ms',
    help: 'How often the watchdogs and the memory reclaimer look',
    group: 'Backends',
    kind: duration,
  }),
  loadWaitTimeoutMs: setting({
    flags: ['--load-wait-timeout'],
    env: ['LOCALAI_LOAD_WAIT_TIMEOUT'],
    fallback: 5 * 60_000,
    fallbackText: '5m',
    help: 'How long a request waits for its model to be loaded; beyond it 503, and the load goes on',
    group: 'Backends',
    kind: duration,
  }),
  forceBackendShutdown: setting({
    flags: ['--force-backend-shutdown'],
    env: ['LOCALAI_FORCE_BACKEND_SHUTDOWN'],
    fallback: false,
    help: 'POST /backend/shutdown does not wait for running requests',
    group: 'Backends',
    kind: bool,
  }),
  preloadBackendOnly: setting({
    flags: ['--preload-backend-only'],
    env: ['LOCALAI_PRELOAD_BACKEND_ONLY', 'PRELOAD_BACKEND_ONLY'],
    fallback: false,
    help: 'Install and load models, and keep their backends, but serve no API',
    group: 'Backends',
    kind: bool,
  }),
  preloadModels: setting({
    flags: ['--preload-models'],
    env: ['LOCALAI_PRELOAD_MODELS', 'PRELOAD_MODELS'],
    fallback: '',
    help: 'Models to install before serving, a JSON list of what POST /models/apply takes: [{"id":"…"},{"url":"…","name":"…"}]',
    group: 'Models',
    kind: text,
  }),
  preloadModelsConfig: setting({
    flags: ['--preload-models-config'],
    env: ['LOCALAI_PRELOAD_MODELS_CONFIG', 'PRELOAD_MODELS_CONFIG'],
    fallback: undefined,
    help: 'YAML file of the same content',
    group: 'Models',
    kind: optionalPath,
  }),
} as const
