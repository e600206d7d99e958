import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { parseJson, readSmallFile, writeSmallFile } from './bounded-file.ts'
import type { LiveSettings } from './live-settings.ts'
import { isMask, maskSecret } from './secret-mask.ts'
import {
  parseStored,
  patchStored,
  pinnedKeys,
  type StoredSettings,
  showSettings,
  unknownKeys,
} from './stored-settings.ts'

/** What a change of settings came to. */
export interface SettingsChange {
  /** Keys whose new value takes effect at the next start, of this change and of earlier ones. */
  readonly requiresRestart: readonly string[]
  /** Keys that were stored and have no effect: a flag or a variable of this node decides them. */
  readonly overridden: readonly string[]
  /** Keys that were stored and mean nothing to this node. */
  readonly unknown: readonly string[]
}

/** runtime_settings.json and what it sets, as seen and changed by requests. */
export interface RuntimeSettings {
  /** Every key with the value that holds, or will after a restart. Secrets are masked. */
  show(): Readonly<Record<string, unknown>>
  /**
   * Checks, stores and applies; the other keys stay as they are, and null takes a key back. A masked secret means the one
   * it stands for. Throws `config.invalid`, with the key in `details.param`, and nothing has changed then.
   */
  change(patch: Readonly<Record<string, unknown>>): Promise<SettingsChange>
  /** Takes what the file says now; undefined: there is none. Throws `config.invalid`, and nothing has changed then. */
  adopt(content: unknown): Promise<void>
}

export interface RuntimeSettingsDeps {
  readonly log: Pick<Logger, 'warn'>
  readonly live: LiveSettings
  /** Told which settings are others now. */
  readonly onChange: (changed: ReadonlySet<string>) => Promise<void> | void
  /** The token of a network that does not exist yet. */
  readonly newToken: () => string
}

export interface RuntimeSettingsInit {
  /** Path of runtime_settings.json. */
  readonly file: string
  readonly explicit: ReadonlySet<string>
}

export function createRuntimeSettings(
  deps: RuntimeSettingsDeps,
  { file, explicit }: RuntimeSettingsInit,
): RuntimeSettings {
  const { log, live, onChange } = deps
  /** One change after the other: none works on what another is about to replace. */
  let last: Promise<unknown> = Promise.resolve()

  function alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = last.then(work)
    last = mine.catch(() => {})
    return mine
  }

  async function put(stored: StoredSettings): Promise<void> {
    const changed = live.replace(stored)
    if (changed.size > 0) await onChange(changed)
  }

  /** An edit by hand that has not been noticed yet is not lost; one that cannot be used is. */
  async function storedNow(): Promise<StoredSettings> {
    try {
      const text = await readSmallFile(file)
      return text === undefined ? {} : parseStored(parseJson(text))
    } catch (error) {
      const { message } = AppError.from(error, 'config.invalid')
      log.warn({ reason: message }, 'runtime_settings.json could not be used and is replaced')
      return live.stored()
    }
  }

  return {
    show: () => showSettings(live.wanted(), maskSecret),
    change: (patch) =>
      alone(async () => {
        const before = await storedNow()
        const stored = patchStored(before, unmask(patch, { live, newToken: deps.newToken }))
        await writeSmallFile(file, `${JSON.stringify({ ...stored, api_keys: stored['api_keys'] ?? [] }, null, 2)}\n`)
        await put(stored)
        const names = Object.keys(patch)
        return {
          requiresRestart: live.restart(),
          overridden: pinnedKeys(names, explicit),
          unknown: unknownKeys(names),
        }
      }),
    adopt: (content) => alone(async () => await put(content === undefined ? {} : parseStored(content))),
  }
}

/** Puts the secrets in the places of their masks, and a new token in the place of LocalAI's word for one. */
function unmask(
  patch: Readonly<Record<string, unknown>>,
  { live, newToken }: { readonly live: LiveSettings; readonly newToken: () => string },
): Readonly<Record<string, unknown>> {
  const { api_keys: keys, p2p_token: token, ...rest } = patch
  const { runtimeApiKeys, apiKeys, p2pToken } = live.wanted()
  const result: Record<string, unknown> = { ...rest }
  if (Array.isArray(keys)) {
    // The keys of the command line are there anyway and cannot be taken away here.
    const known = new Map([
      ...apiKeys.map((key) => [maskSecret(key), undefined] as const),
      ...runtimeApiKeys.map((key) => [maskSecret(key), key] as const),
    ])
    result['api_keys'] = keys.flatMap((key: unknown) => {
      if (typeof key !== 'string' || !isMask(key)) return [key]
      if (!known.has(key)) throw invalidMask('api_keys')
      return known.get(key) ?? []
    })
  } else if (keys !== undefined) result['api_keys'] = keys
  if (token === '0') result['p2p_token'] = newToken()
  else if (typeof token === 'string' && isMask(token)) {
    if (p2pToken === undefined || maskSecret(p2pToken) !== token) throw invalidMask('p2p_token')
  } else if (token !== undefined) result['p2p_token'] = token
  return result
}

function invalidMask(name: string): AppError {
  return new AppError('config.invalid', `Invalid ${name} format: a masked secret is not one of those that are set`, {
    details: { param: name },
  })
}
