import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { KeyRing } from '../api/access/key-ring.ts'
import { type ExternalBackend, parseExternalBackends } from '../backends/backend-catalog.ts'
import type { ConfigurableLoader } from '../backends/model-loader.ts'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import { parseJson, readSmallFile } from '../config/dynamic/bounded-file.ts'
import { parseApiKeys, parseExternalBackendsFile } from '../config/dynamic/config-files.ts'
import { createConfigFolder, type WatchedFile } from '../config/dynamic/config-folder.ts'
import { createLiveSettings, type LiveSettings } from '../config/dynamic/live-settings.ts'
import type { NodeSettings } from '../config/dynamic/node-settings.ts'
import { createRuntimeSettings, type RuntimeSettings } from '../config/dynamic/runtime-settings.ts'
import { parseStored, type StoredSettings } from '../config/dynamic/stored-settings.ts'
import type { RunSettings } from '../config/settings.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import { readToken } from '../p2p/token/token-store.ts'
import type { Logger } from '../telemetry/logger.ts'
import { makeFolder } from './make-folder.ts'
import { modelLimits } from './model-limits.ts'
import { newToken } from './network-token.ts'

export interface DynamicConfigDeps {
  /** The root of all logs: its level changes with the settings. */
  readonly log: Logger
  /** The settings that a flag or a variable has decided, the global ones among them. */
  readonly explicit: ReadonlySet<string>
}

/** What changes while the node runs: the files of the configuration folder, and what requests set. */
export interface DynamicConfig {
  /** Each property is the value as of now. */
  readonly settings: NodeSettings
  /** Of the folder and of the command line, whose names count before the same ones of the folder. */
  readonly externalBackends: () => readonly ExternalBackend[]
  /** Undefined when they are switched off. */
  readonly runtimeSettings: RuntimeSettings | undefined
  /** Tells the parts of every change, from its start on. */
  follow(parts: DynamicParts): Startable
}

export interface DynamicParts {
  /** Absent: there is no API. */
  readonly keys?: Pick<KeyRing, 'replace'>
  readonly loader: Pick<ConfigurableLoader, 'configure'>
  readonly registry: Pick<ModelRegistry, 'reload'>
  /** Other backends can be reached than before. */
  readonly backendsChanged?: () => Promise<void>
  /** Settings are others now. */
  readonly changed?: () => void
}

const API_KEYS = 'api_keys.json'
const RUNTIME_SETTINGS = 'runtime_settings.json'
/** What models get that do not say otherwise: they are read again when it changes. */
const MODEL_DEFAULTS = ['threads', 'contextSize', 'f16']

/** Makes the folder when it is not there, and takes what it says for the start. */
export async function prepareDynamicConfig(deps: DynamicConfigDeps, given: RunSettings): Promise<DynamicConfig> {
  const log = deps.log.child({ room: 'config' })
  await makeFolder(given.configPath, '--localai-config-dir', 0o700)
  const file = join(given.configPath, RUNTIME_SETTINGS)
  const { explicit } = deps
  const live = createLiveSettings({
    base: { ...given, debug: tellsDetails(deps.log), runtimeApiKeys: [] },
    explicit: explicit.has('logLevel') ? new Set([...explicit, 'debug']) : explicit,
    stored: given.disableRuntimeSettings ? {} : await readStored(file),
  })
  const follower = createFollower({ log, root: deps.log, live })
  const runtimeSettings = createRuntimeSettings(
    {
      log,
      live,
      onChange: follower.settingsChanged,
      tokens: {
        make: async () => (await newToken(given, { log, ownerKeyFile: undefined })).token,
        check: (text) => void readToken(text),
      },
    },
    { file, explicit },
  )
  const fixedBackends = parseExternalBackends(given.externalGrpcBackends)
  return {
    settings: live.values,
    externalBackends: () => [...follower.fileBackends(), ...fixedBackends],
    runtimeSettings: given.disableRuntimeSettings ? undefined : runtimeSettings,
    follow(parts) {
      const stored: WatchedFile = {
        name: RUNTIME_SETTINGS,
        async apply() {
          await runtimeSettings.adopt()
          follower.unlock(RUNTIME_SETTINGS)
        },
        unusable(text) {
          const hasKeys = live.values.runtimeApiKeys.length > 0
          if (!hasKeys && mayHoldKeys(text)) follower.lock(RUNTIME_SETTINGS)
        },
      }
      const files: readonly WatchedFile[] = [...follower.files, ...(given.disableRuntimeSettings ? [] : [stored])]
      const { configPollIntervalMs: pollIntervalMs } = given
      const folder = createConfigFolder(
        { log },
        { folder: given.configPath, files, ...(pollIntervalMs === undefined ? {} : { pollIntervalMs }) },
      )
      return {
        async start() {
          follower.attach(parts)
          await folder.start()
        },
        stop: folder.stop,
      }
    },
  }
}

/** Carries every change to the part whose it is. */
function createFollower({
  log,
  root,
  live,
}: {
  readonly log: Logger
  readonly root: Logger
  readonly live: LiveSettings
}) {
  const ownLevel = tellsDetails(root) ? 'info' : root.level
  let fileKeys: readonly string[] = []
  let fileBackends: readonly ExternalBackend[] = []
  let parts: DynamicParts | undefined
  /** Files that shall say which keys count, and do not. */
  const locked = new Set<string>()

  /** A list of keys that cannot be read must not open the API: it then has a key that nobody knows. */
  function applyKeys(): void {
    const nobodys = locked.size > 0 ? [randomUUID()] : []
    parts?.keys?.replace([...fileKeys, ...live.values.runtimeApiKeys, ...nobodys])
  }

  function lock(name: string): void {
    if (locked.has(name)) return
    locked.add(name)
    log.warn({ file: name }, 'until this file can be used, the API is open to nobody without another key')
    applyKeys()
  }

  function unlock(name: string): void {
    if (locked.delete(name)) applyKeys()
  }

  function applyLevel(): void {
    const { debug } = live.values
    if (debug !== tellsDetails(root)) root.level = debug ? 'debug' : ownLevel
  }

  applyLevel()
  return {
    lock,
    unlock,
    fileBackends: () => fileBackends,
    attach(attached: DynamicParts) {
      parts = attached
      applyKeys()
    },
    async settingsChanged(changed: ReadonlySet<string>) {
      log.info({ changed: [...changed].toSorted() }, 'settings have changed')
      applyLevel()
      applyKeys()
      parts?.loader.configure(modelLimits(live.values))
      parts?.changed?.()
      if (MODEL_DEFAULTS.some((name) => changed.has(name))) await parts?.registry.reload()
    },
    files: [
      {
        name: API_KEYS,
        apply(content: unknown) {
          fileKeys = content === undefined ? [] : parseApiKeys(content)
          locked.delete(API_KEYS)
          applyKeys()
        },
        unusable() {
          if (fileKeys.length === 0) lock(API_KEYS)
        },
      },
      {
        name: 'external_backends.json',
        async apply(content: unknown) {
          fileBackends = content === undefined ? [] : parseExternalBackendsFile(content)
          await parts?.backendsChanged?.()
        },
      },
    ],
  }
}

/** Of settings that cannot be used: what could not be read, what names a key, and what was cut off before it could. */
function mayHoldKeys(text: string | undefined): boolean {
  return text === undefined || !text.trimEnd().endsWith('}') || /"api_keys"\s*:\s*\[\s*[^\]\s]/.test(text)
}

/** For the start. What is wrong with the file is said when the folder is looked at, and then nothing was set by it. */
async function readStored(file: string): Promise<StoredSettings> {
  try {
    const text = await readSmallFile(file)
    return text === undefined ? {} : parseStored(parseJson(text))
  } catch (error) {
    if (error instanceof AppError && error.code === 'config.invalid') return {}
    throw error
  }
}

function tellsDetails({ level }: Pick<Logger, 'level'>): boolean {
  return level === 'debug' || level === 'trace'
}
