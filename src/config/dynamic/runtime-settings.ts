import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { keepDamaged, MAX_BYTES, parseJson, readSmallFile, writeSmallFile } from './bounded-file.ts'
import type { LiveSettings } from './live-settings.ts'
import { refuseNewGalleries } from './new-galleries.ts'
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
  /** All of it as one text, secrets in clear: to tell one state from another, not to be shown. */
  content(): string
  /**
   * Checks, stores and applies; the other keys stay as they are, and null takes a key back. A masked secret means the one
   * it stands for. Throws `config.invalid`, with the key in `details.param`, or `request.outdated` when `expects` says no
   * to the content that would be changed; nothing has changed then.
   */
  change(patch: Readonly<Record<string, unknown>>, options?: ChangeOptions): Promise<SettingsChange>
  /** Takes what the file says now. Throws `config.invalid`, and nothing has changed then. */
  adopt(): Promise<void>
}

export interface ChangeOptions {
  /** Default: whatever is there may be changed. */
  readonly expects?: ((content: string) => boolean) | undefined
}

/** The secrets of networks, whose form only src/p2p knows. */
export interface NetworkTokens {
  /** The token of a network that does not exist yet. */
  make(): Promise<string>
  /** Throws for what is no token. */
  check(text: string): void
}

export interface RuntimeSettingsDeps {
  readonly log: Pick<Logger, 'warn'>
  readonly live: LiveSettings
  /** Told which settings are others now. */
  readonly onChange: (changed: ReadonlySet<string>) => Promise<void> | void
  readonly tokens: NetworkTokens
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

  async function read(): Promise<StoredSettings> {
    const text = await readSmallFile(file)
    return text === undefined ? {} : parseStored(parseJson(text))
  }

  /** An edit by hand that has not been noticed yet is not lost; one that cannot be used, with its keys, is set aside. */
  async function storedNow(): Promise<StoredSettings> {
    try {
      return await read()
    } catch (error) {
      const { message } = AppError.from(error, 'config.invalid')
      await keepDamaged(file)
      log.warn(
        { reason: message },
        'runtime_settings.json could not be used: what it said is in runtime_settings.json.damaged',
      )
      return live.stored()
    }
  }

  const content = (): string => JSON.stringify(showSettings(live.wanted(), (secret) => secret))

  return {
    show: () => showSettings(live.wanted(), maskSecret),
    content,
    change: (patch, { expects } = {}) =>
      alone(async () => {
        if (expects?.(content()) === false) {
          throw new AppError('request.outdated', 'the settings are others now: read them again before changing them')
        }
        const before = await storedNow()
        const stored = patchStored(before, await unmask(patch, deps))
        refuseNewGalleries(patch, live.wanted())
        await writeSmallFile(file, toFileText(stored))
        await put(stored)
        const names = Object.keys(patch)
        return {
          requiresRestart: live.restart(),
          overridden: pinnedKeys(names, explicit),
          unknown: unknownKeys(names),
        }
      }),
    // Read when it is its turn: what was read before may have been replaced by a request meanwhile.
    adopt: () => alone(async () => await put(await read())),
  }
}

/** Throws `config.invalid` for what would be too much to read at the next start: the keys in it would be lost. */
function toFileText(stored: StoredSettings): string {
  const text = `${JSON.stringify({ ...stored, api_keys: stored['api_keys'] ?? [] }, null, 2)}\n`
  if (Buffer.byteLength(text) <= MAX_BYTES) return text
  const details = { param: 'runtime_settings.json' }
  throw new AppError('config.invalid', `the settings together would have more than ${MAX_BYTES} bytes`, { details })
}

/** Puts the secrets in the places of their masks, and a new token in the place of LocalAI's word for one. */
async function unmask(
  patch: Readonly<Record<string, unknown>>,
  { live, tokens }: Pick<RuntimeSettingsDeps, 'live' | 'tokens'>,
): Promise<Readonly<Record<string, unknown>>> {
  const { api_keys: keys, p2p_token: token, ...rest } = patch
  const { runtimeApiKeys, apiKeys, p2pToken } = live.wanted()
  const given = await unmaskToken(token, p2pToken, tokens)
  return {
    ...rest,
    ...(keys === undefined ? {} : { api_keys: unmaskKeys(keys, runtimeApiKeys, apiKeys) }),
    ...(given === undefined ? {} : { p2p_token: given }),
  }
}

/** The keys of the command line are there anyway and cannot be taken away here. */
function unmaskKeys(keys: unknown, known: readonly string[], fixed: readonly string[]): unknown {
  if (!Array.isArray(keys)) return keys
  return keys.flatMap((key: unknown) => {
    if (typeof key !== 'string' || !isMask(key)) return [key]
    const meant = known.find((candidate) => maskSecret(candidate) === key)
    if (meant !== undefined) return [meant]
    if (fixed.some((candidate) => maskSecret(candidate) === key)) return []
    throw invalidSecret('api_keys', 'a masked key is not one of those that are set')
  })
}

/** Undefined: the token stays as it is. */
async function unmaskToken(token: unknown, known: string | undefined, tokens: NetworkTokens): Promise<unknown> {
  if (typeof token !== 'string' || token === '') return token
  if (token === '0') return await tokens.make()
  if (isMask(token)) {
    if (known !== undefined && maskSecret(known) === token) return undefined
    throw invalidSecret('p2p_token', 'the masked token is not the one that is set')
  }
  try {
    tokens.check(token)
  } catch (error) {
    throw invalidSecret('p2p_token', AppError.from(error, 'token.invalid').message)
  }
  return token
}

function invalidSecret(name: string, problem: string): AppError {
  return new AppError('config.invalid', `Invalid ${name} format: ${problem}`, { details: { param: name } })
}
