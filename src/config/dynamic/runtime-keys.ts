import Type, { type TSchema } from 'typebox'
import type { JsonValue } from '../../base/json.ts'
import { byteSize } from '../lending-settings.ts'
import { duration, list } from '../setting.ts'
import { formatDuration } from './format-duration.ts'
import type { NodeSettings } from './node-settings.ts'

/** One key of runtime_settings.json and of /api/settings, and the setting that it decides. */
export interface RuntimeKey {
  readonly setting: keyof NodeSettings
  readonly schema: TSchema
  /** What a value must be, for the person who wrote another one. */
  readonly wanted: string
  /** Takes a value that fits the schema. Throws `config.invalid`. */
  read(value: unknown): unknown
  show(value: unknown): JsonValue
  /** The value takes effect at the next start only. */
  readonly restart?: true
  /** The value is shown to nobody: `show` is given its mask. */
  readonly secret?: true
}

const asIs = { read: (value: unknown) => value, show: (value: unknown) => value as JsonValue }

function flag(setting: keyof NodeSettings): RuntimeKey {
  // Unsaid counts as true where it can be unsaid: parallel requests.
  return { setting, schema: Type.Boolean(), wanted: 'true or false', ...asIs, show: (value) => value !== false }
}

function count(setting: keyof NodeSettings): RuntimeKey {
  const schema = Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })
  return { setting, schema, wanted: 'a whole number, 0 or more', ...asIs }
}

/** 0 stands for "nobody says". */
function optionalCount(setting: keyof NodeSettings): RuntimeKey {
  return { ...count(setting), read: (value) => (value === 0 ? undefined : value), show: (value) => Number(value ?? 0) }
}

function time(setting: keyof NodeSettings): RuntimeKey {
  return {
    setting,
    schema: Type.String({ maxLength: 64 }),
    wanted: 'a duration such as 500ms, 30s, 15m or 1h30m',
    read: (value) => duration.parse(String(value)),
    show: (value) => formatDuration(Number(value)),
  }
}

function text(setting: keyof NodeSettings, maxLength: number): RuntimeKey {
  const wanted = `a text of at most ${maxLength} characters`
  return { setting, schema: Type.String({ maxLength }), wanted, ...asIs, show: (value) => String(value ?? '') }
}

const Gallery = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 128, pattern: '^[^@\\s]+$' }),
  url: Type.String({ minLength: 1, maxLength: 2048 }),
})

/** The setting is the JSON that the flag takes. */
function galleries(setting: keyof NodeSettings): RuntimeKey {
  return {
    setting,
    schema: Type.Array(Gallery, { maxItems: 64 }),
    wanted: 'a list of at most 64 {"name": "…", "url": "…"}',
    read: (value) => JSON.stringify(value),
    show: (value) => JSON.parse(String(value || '[]')) as JsonValue,
  }
}

const corsOrigins: RuntimeKey = {
  ...text('corsAllowOrigins', 8192),
  wanted: 'a comma-separated list of at most 8192 characters',
  read: (value) => list.parse(String(value)),
  show: (value) => (value as readonly string[]).join(','),
}

const lendTo: RuntimeKey = {
  setting: 'lendTo',
  schema: Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: 256 }),
  wanted: 'a list of at most 256 ids or names of nodes',
  ...asIs,
}

/** An empty text stands for "nobody says". */
const lendMemory: RuntimeKey = {
  setting: 'lendMemory',
  schema: Type.String({ maxLength: 32 }),
  wanted: 'a size such as 8GB or 512MB, or an empty text',
  read: (value) => (value === '' ? undefined : byteSize.parse(String(value))),
  show: (value) => (value === undefined ? '' : `${Number(value)}B`),
}

const memoryReclaimerThreshold: RuntimeKey = {
  setting: 'memoryReclaimerThreshold',
  schema: Type.Number({ minimum: 0, maximum: 1 }),
  wanted: 'a number from 0 to 1',
  ...asIs,
}

const apiKeys: RuntimeKey = {
  setting: 'runtimeApiKeys',
  schema: Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { maxItems: 1000 }),
  wanted: 'a list of at most 1000 texts of 1 to 512 characters',
  ...asIs,
  secret: true,
}

/** LocalAI's names, as far as there is something here that they can change. */
export const RUNTIME_KEYS: Readonly<Record<string, RuntimeKey>> = {
  watchdog_idle_enabled: flag('watchdogIdle'),
  watchdog_busy_enabled: flag('watchdogBusy'),
  watchdog_idle_timeout: time('watchdogIdleTimeoutMs'),
  watchdog_busy_timeout: time('watchdogBusyTimeoutMs'),
  watchdog_interval: time('watchdogIntervalMs'),
  single_backend: flag('singleActiveBackend'),
  max_active_backends: count('maxActiveBackends'),
  parallel_backend_requests: flag('parallelRequests'),
  memory_reclaimer_enabled: flag('memoryReclaimer'),
  memory_reclaimer_threshold: memoryReclaimerThreshold,
  force_eviction_when_busy: flag('forceEvictionWhenBusy'),
  lru_eviction_max_retries: count('lruEvictionMaxRetries'),
  lru_eviction_retry_interval: time('lruEvictionRetryIntervalMs'),
  threads: optionalCount('threads'),
  context_size: optionalCount('contextSize'),
  f16: flag('f16'),
  debug: flag('debug'),
  cors: flag('cors'),
  cors_allow_origins: corsOrigins,
  csrf: flag('csrf'),
  galleries: galleries('galleries'),
  backend_galleries: galleries('backendGalleries'),
  autoload_galleries: flag('autoloadGalleries'),
  autoload_backend_galleries: flag('autoloadBackendGalleries'),
  open_responses_store_ttl: time('openResponsesStoreTtlMs'),
  api_keys: apiKeys,
  p2p_token: { ...text('p2pToken', 8192), read: (value) => value || undefined, restart: true, secret: true },
  p2p_network_id: { ...text('p2pNetworkId', 256), restart: true },
  federated: { ...flag('federated'), restart: true },
  lend: flag('lend'),
  lend_memory: lendMemory,
  lend_threads: optionalCount('lendThreads'),
  lend_to: lendTo,
}
