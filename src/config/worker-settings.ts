import { lendingSettings } from './lending-settings.ts'
import { joinSettings } from './network-settings.ts'
import { bool, count, optional, optionalCount, optionalText, setting, text, type Values } from './setting.ts'
import { storageSettings } from './settings.ts'

const { backendsPath, cachePath, backendGalleries } = storageSettings

/** Flags that LocalAI's workers take; ours comes with its own program and needs no backend. */
const sharedSettings = {
  cachePath,
  backendsPath: { ...backendsPath, hidden: true },
  backendsSystemPath: setting({
    flags: ['--backends-system-path'],
    env: ['LOCALAI_BACKENDS_SYSTEM_PATH', 'BACKEND_SYSTEM_PATH'],
    fallback: '',
    help: 'Not needed: the worker comes with the program',
    group: 'Workers',
    kind: text,
    hidden: true,
  }),
  backendGalleries: { ...backendGalleries, hidden: true },
  llamaCppArgs: setting({
    flags: ['--llama-cpp-args'],
    env: ['LOCALAI_EXTRA_LLAMA_CPP_ARGS', 'EXTRA_LLAMA_CPP_ARGS'],
    fallback: '',
    help: 'Arguments as for llama.cpp\'s RPC server, in one text: "-m 4096 -t 8" (-t threads, -m megabytes, -d device, -c cache)',
    group: 'Workers',
    kind: text,
  }),
} as const

/** `local-ai worker p2p-llama-cpp-rpc`. */
export const workerSettings = {
  token: setting({
    flags: ['--token'],
    env: ['LOCALAI_TOKEN'],
    fallback: undefined,
    help: "The same as --p2p-token, in the words of LocalAI's workers",
    group: 'P2P',
    kind: optionalText,
    secret: true,
  }),
  ...joinSettings,
  ...lendingSettings,
  ...sharedSettings,
  noRunner: setting({
    flags: ['--no-runner'],
    env: ['LOCALAI_NO_RUNNER', 'NO_RUNNER'],
    fallback: false,
    help: "Start no worker, and lend a server of llama.cpp's RPC that runs already",
    group: 'Workers',
    kind: bool,
  }),
  runnerAddress: setting({
    flags: ['--runner-address'],
    env: ['LOCALAI_RUNNER_ADDRESS', 'RUNNER_ADDRESS'],
    fallback: undefined,
    fallbackText: '127.0.0.1',
    help: 'Host of that server; with --no-runner only',
    group: 'Workers',
    kind: optionalText,
  }),
  runnerPort: setting({
    flags: ['--runner-port'],
    env: ['LOCALAI_RUNNER_PORT', 'RUNNER_PORT'],
    fallback: undefined,
    fallbackText: '50052',
    help: 'Port of that server; with --no-runner only',
    group: 'Workers',
    kind: optionalCount,
  }),
} as const

/** `local-ai worker llama-cpp-rpc`. */
export const rpcServerSettings = {
  ...sharedSettings,
  insecure: setting({
    flags: ['--insecure'],
    env: ['LOCALAI_INSECURE_RPC'],
    fallback: false,
    help: 'Listen on an address that other machines reach. Whoever reaches it can use this worker: there is no key, and nothing is encrypted',
    group: 'Workers',
    kind: bool,
  }),
} as const

/** `local-ai p2p lend`. */
export const lendSwitchSettings = {
  memory: setting({
    flags: ['--memory'],
    env: [],
    fallback: undefined,
    fallbackText: 'as it was',
    help: 'Most memory to lend: 8GB',
    group: 'Workers',
    kind: optionalText,
  }),
  threads: setting({
    flags: ['--threads'],
    env: [],
    fallback: undefined,
    fallbackText: 'as it was',
    help: 'Threads to compute with',
    group: 'Workers',
    kind: optional(count),
  }),
} as const

export type WorkerSettings = Values<typeof workerSettings>
export type RpcServerSettings = Values<typeof rpcServerSettings>
