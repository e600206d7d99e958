import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { accessSettings } from './access-settings.ts'
import { contentSettings } from './content-settings.ts'
import { dynamicSettings } from './dynamic-settings.ts'
import { entrySettings } from './entry-settings.ts'
import { gallerySettings, managementSettings } from './gallery-settings.ts'
import { lenderSettings } from './lending-settings.ts'
import { limitSettings } from './limit-settings.ts'
import { mcpSettings } from './mcp-settings.ts'
import { modelLifeSettings } from './model-life-settings.ts'
import { joinSettings, memberSettings, routingSettings } from './network-settings.ts'
import { placementSettings } from './placement-settings.ts'
import { responsesSettings } from './responses-settings.ts'
import {
  bool,
  count,
  duration,
  list,
  oneOf,
  optional,
  optionalCount,
  optionalPath,
  optionalText,
  path,
  setting,
  text,
  type Values,
} from './setting.ts'
import { templateSettings } from './template-settings.ts'
import { tracingSettings } from './tracing-settings.ts'
import { upstreamSettings } from './upstream-settings.ts'

const inWorkingDirectory = (name: string) => (): string => resolve(name)

/** Accepted by every command, before or after its name. */
export const globalSettings = {
  logLevel: setting({
    flags: ['--log-level'],
    env: ['LOCALAI_LOG_LEVEL'],
    fallback: undefined,
    fallbackText: 'info',
    help: 'Level of logs to output',
    group: 'Global',
    kind: optional(oneOf('error', 'warn', 'info', 'debug', 'trace', 'silent')),
  }),
  debug: setting({
    flags: ['--debug'],
    env: ['LOCALAI_DEBUG', 'DEBUG'],
    fallback: false,
    help: 'Level of logs is debug',
    deprecated: 'use --log-level=debug',
    group: 'Global',
    kind: bool,
    hidden: true,
  }),
  logFormat: setting({
    flags: ['--log-format'],
    env: ['LOCALAI_LOG_FORMAT'],
    fallback: 'default',
    help: 'default: coloured on a terminal; text: never coloured; json: one object a line',
    group: 'Global',
    kind: oneOf('default', 'text', 'json'),
  }),
} as const

export type GlobalSettings = Values<typeof globalSettings>

/** Where models, backends and caches are: shared by `run`, `models` and `backends`. */
export const storageSettings = {
  modelsPath: setting({
    flags: ['--models-path'],
    env: ['LOCALAI_MODELS_PATH', 'MODELS_PATH'],
    fallback: inWorkingDirectory('models'),
    fallbackText: './models',
    help: 'Folder of model files and their YAML configurations',
    group: 'Storage',
    kind: path,
  }),
  modelsConfigFile: setting({
    flags: ['--models-config-file', '--config-file'],
    env: ['LOCALAI_MODELS_CONFIG_FILE', 'CONFIG_FILE'],
    fallback: undefined,
    help: 'One more YAML file with a list of model configurations',
    group: 'Storage',
    kind: optionalPath,
  }),
  cachePath: setting({
    flags: ['--cache-path'],
    env: ['LOCALAI_CACHE_PATH'],
    fallback: () => resolve(homedir(), '.cache', 'local-ai'),
    fallbackText: '~/.cache/local-ai',
    help: 'Folder for what can be made again: compiled engines, downloaded engines',
    group: 'Storage',
    kind: path,
  }),
  backendsPath: setting({
    flags: ['--backends-path'],
    env: ['LOCALAI_BACKENDS_PATH', 'BACKENDS_PATH'],
    fallback: inWorkingDirectory('backends'),
    fallbackText: './backends',
    help: 'Folder of installed backends, one folder each',
    group: 'Backends',
    kind: path,
  }),
  galleries: setting({
    flags: ['--galleries'],
    env: ['LOCALAI_GALLERIES', 'GALLERIES'],
    fallback: '[]',
    fallbackText: 'the gallery that is shipped',
    help: 'JSON list of more galleries: [{"name":"…","url":"…"}]',
    group: 'Models',
    kind: text,
  }),
  ...gallerySettings,
  allowPrivateDownloads: setting({
    flags: ['--allow-private-downloads'],
    env: ['LOCALAI_ALLOW_PRIVATE_DOWNLOADS'],
    fallback: false,
    help: 'Let downloads use http and go to loopback and private addresses',
    group: 'Hardening',
    kind: bool,
  }),
  maxDownloadGigabytes: setting({
    flags: ['--max-download-gigabytes'],
    env: ['LOCALAI_MAX_DOWNLOAD_GIGABYTES'],
    fallback: 200,
    help: 'Largest file that a download may bring',
    group: 'Hardening',
    kind: count,
  }),
} as const

export type StorageSettings = Values<typeof storageSettings>

const backendSettings = {
  backendsSystemPath: setting({
    flags: ['--backends-system-path'],
    env: ['LOCALAI_BACKENDS_SYSTEM_PATH', 'BACKEND_SYSTEM_PATH'],
    fallback: '/var/lib/local-ai/backends',
    help: 'Read-only folder of backends that came with the system',
    group: 'Backends',
    kind: path,
  }),
  externalGrpcBackends: setting({
    flags: ['--external-grpc-backends'],
    env: ['LOCALAI_EXTERNAL_GRPC_BACKENDS', 'EXTERNAL_GRPC_BACKENDS'],
    fallback: [],
    fallbackText: '',
    help: 'Backends of your own, NAME:URI; the URI is host:port of a running gRPC server or a program to start',
    group: 'Backends',
    kind: list,
  }),
  maxActiveBackends: setting({
    flags: ['--max-active-backends'],
    env: ['LOCALAI_MAX_ACTIVE_BACKENDS', 'MAX_ACTIVE_BACKENDS'],
    fallback: 0,
    help: 'Most models in memory; beyond it the least recently used one leaves (0: no limit)',
    group: 'Backends',
    kind: count,
  }),
  forceEvictionWhenBusy: setting({
    flags: ['--force-eviction-when-busy'],
    env: ['LOCALAI_FORCE_EVICTION_WHEN_BUSY', 'FORCE_EVICTION_WHEN_BUSY'],
    fallback: false,
    help: 'A model may have to leave while it answers',
    group: 'Backends',
    kind: bool,
  }),
  lruEvictionMaxRetries: setting({
    flags: ['--lru-eviction-max-retries'],
    env: ['LOCALAI_LRU_EVICTION_MAX_RETRIES', 'LRU_EVICTION_MAX_RETRIES'],
    fallback: 30,
    help: 'How often to wait for a busy model before giving up',
    group: 'Backends',
    kind: count,
  }),
  lruEvictionRetryIntervalMs: setting({
    flags: ['--lru-eviction-retry-interval'],
    env: ['LOCALAI_LRU_EVICTION_RETRY_INTERVAL', 'LRU_EVICTION_RETRY_INTERVAL'],
    fallback: 1000,
    fallbackText: '1s',
    help: 'How long one such wait is',
    group: 'Backends',
    kind: duration,
  }),
  watchdogIdle: setting({
    flags: ['--enable-watchdog-idle'],
    env: ['LOCALAI_WATCHDOG_IDLE', 'WATCHDOG_IDLE'],
    fallback: false,
    help: 'Unload models that nobody has used for a while',
    group: 'Backends',
    kind: bool,
  }),
  watchdogIdleTimeoutMs: setting({
    flags: ['--watchdog-idle-timeout'],
    env: ['LOCALAI_WATCHDOG_IDLE_TIMEOUT', 'WATCHDOG_IDLE_TIMEOUT'],
    fallback: 15 * 60_000,
    fallbackText: '15m',
    help: 'How long that while is',
    group: 'Backends',
    kind: duration,
  }),
  watchdogBusy: setting({
    flags: ['--enable-watchdog-busy'],
    env: ['LOCALAI_WATCHDOG_BUSY', 'WATCHDOG_BUSY'],
    fallback: false,
    help: 'Unload models whose request takes too long',
    group: 'Backends',
    kind: bool,
  }),
  watchdogBusyTimeoutMs: setting({
    flags: ['--watchdog-busy-timeout'],
    env: ['LOCALAI_WATCHDOG_BUSY_TIMEOUT', 'WATCHDOG_BUSY_TIMEOUT'],
    fallback: 5 * 60_000,
    fallbackText: '5m',
    help: 'How long is too long',
    group: 'Backends',
    kind: duration,
  }),
  engine: setting({
    flags: ['--llama-cpp-engine'],
    env: ['LOCALAI_LLAMA_CPP_ENGINE'],
    fallback: 'auto',
    help: 'How llama.cpp runs; auto picks the faster one that this machine has',
    group: 'Backends',
    kind: oneOf('auto', 'node-llama-cpp', 'llama-server'),
  }),
  parallel: setting({
    flags: ['--llama-cpp-parallel'],
    env: ['LOCALAI_LLAMA_CPP_PARALLEL', 'LLAMACPP_PARALLEL'],
    fallback: 4,
    help: 'Answers that one model generates at the same time',
    group: 'Backends',
    kind: count,
  }),
  autobuildLlamaServer: setting({
    flags: ['--autobuild-llama-server'],
    env: ['LOCALAI_AUTOBUILD_LLAMA_SERVER'],
    fallback: true,
    help: 'Compile the llama-server engine in the background when it is missing and a compiler is there',
    group: 'Backends',
    kind: bool,
  }),
  autobuildLlamaRpc: setting({
    flags: ['--autobuild-llama-rpc'],
    env: ['LOCALAI_AUTOBUILD_LLAMA_RPC'],
    fallback: true,
    help: 'Compile what splits models over machines when it is missing and this node lends memory or may use what others lend',
    group: 'Backends',
    kind: bool,
  }),
} as const

/** The HTTP API of a node, with models or without. */
export const apiSettings = {
  address: setting({
    flags: ['--address'],
    env: ['LOCALAI_ADDRESS', 'ADDRESS'],
    fallback: ':8080',
    help: 'Where the API listens: [HOST]:PORT',
    group: 'API',
    kind: text,
  }),
  disableWebUi: setting({
    flags: ['--disable-webui', '--disable-web-ui'],
    env: ['LOCALAI_DISABLE_WEBUI', 'DISABLE_WEBUI'],
    fallback: false,
    help: 'Serve no web interface, and none of the routes that are there for web pages only, such as /api/p2p/workers',
    group: 'API',
    kind: bool,
  }),
  ...limitSettings,
  machineTag: setting({
    flags: ['--machine-tag'],
    env: ['LOCALAI_MACHINE_TAG', 'MACHINE_TAG'],
    fallback: undefined,
    help: 'Value of a Machine-Tag header on every answer',
    group: 'API',
    kind: optionalText,
  }),
  disableMetricsEndpoint: setting({
    flags: ['--disable-metrics-endpoint'],
    env: ['LOCALAI_DISABLE_METRICS_ENDPOINT', 'DISABLE_METRICS_ENDPOINT'],
    fallback: false,
    help: 'Serve no /metrics',
    group: 'API',
    kind: bool,
  }),
  shutdownTimeoutMs: setting({
    flags: ['--shutdown-timeout'],
    env: ['LOCALAI_SHUTDOWN_TIMEOUT'],
    fallback: 30_000,
    fallbackText: '30s',
    help: 'How long running answers may take to finish after SIGTERM',
    group: 'API',
    kind: duration,
  }),
  apiKeys: setting({
    flags: ['--api-keys'],
    env: ['LOCALAI_API_KEY', 'API_KEY'],
    fallback: [],
    fallbackText: 'none: the API is open',
    help: 'Keys that open the API; give them in the variable, not on the command line',
    group: 'API',
    kind: list,
    secret: true,
  }),
  ...accessSettings,
  ...tracingSettings,
} as const

export type ApiSettings = Values<typeof apiSettings>

/** Everything `run` understands beside the global settings. */
export const runSettings = {
  ...storageSettings,
  ...managementSettings,
  ...contentSettings,
  ...backendSettings,
  ...modelLifeSettings,
  ...dynamicSettings,
  ...templateSettings,
  ...responsesSettings,
  ...mcpSettings,
  ...upstreamSettings,
  ...apiSettings,
  ...memberSettings,
  ...lenderSettings,
  ...placementSettings,
  models: setting({
    flags: ['--models'],
    env: ['LOCALAI_MODELS', 'MODELS'],
    fallback: [],
    fallbackText: '',
    help: 'Models to install before serving, as MODEL arguments are',
    group: 'Models',
    kind: list,
  }),
  loadToMemory: setting({
    flags: ['--load-to-memory'],
    env: ['LOCALAI_LOAD_TO_MEMORY', 'LOAD_TO_MEMORY'],
    fallback: [],
    fallbackText: '',
    help: 'Models to load right away instead of at their first request',
    group: 'Models',
    kind: list,
  }),
  defaultModel: setting({
    flags: ['--default-model'],
    env: ['LOCALAI_DEFAULT_MODEL'],
    fallback: 'smollm2-135m-instruct',
    help: 'Model to install when the models folder is empty; an empty text switches that off',
    group: 'Models',
    kind: optionalText,
  }),
  threads: setting({
    flags: ['--threads'],
    short: '-t',
    env: ['LOCALAI_THREADS', 'THREADS'],
    fallback: undefined,
    fallbackText: 'physical cores',
    help: 'Threads per model, for models that do not say',
    group: 'Performance',
    kind: optionalCount,
  }),
  contextSize: setting({
    flags: ['--context-size'],
    env: ['LOCALAI_CONTEXT_SIZE', 'CONTEXT_SIZE'],
    fallback: undefined,
    fallbackText: "the model's own, at most 8192",
    help: 'Tokens that a prompt and its answer can have together, for models that do not say',
    group: 'Performance',
    kind: optionalCount,
  }),
  f16: setting({
    flags: ['--f16'],
    env: ['LOCALAI_F16', 'F16'],
    fallback: false,
    help: 'Half-precision cache, for models that do not say',
    group: 'Performance',
    kind: bool,
  }),
} as const

export type RunSettings = Values<typeof runSettings>

/** `federated`: an entry without models. */
export const federatedSettings = {
  ...apiSettings,
  ...entrySettings,
  ...joinSettings,
  ...routingSettings,
} as const

export type FederatedSettings = Values<typeof federatedSettings>
