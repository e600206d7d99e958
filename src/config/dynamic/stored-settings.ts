import Type, { type TObject } from 'typebox'
import { Compile } from 'typebox/compile'
import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type { NodeSettings } from './node-settings.ts'
import { RUNTIME_KEYS, type RuntimeKey } from './runtime-keys.ts'

/** The content of runtime_settings.json, checked. Keys that nothing here knows are kept for whoever wrote them. */
export type StoredSettings = Readonly<Record<string, unknown>>

const keys = Object.entries(RUNTIME_KEYS)
/** The main switch of both watchdogs: it has no setting of its own. */
const WATCHDOG = 'watchdog_enabled'
const WATCHDOG_PARTS = ['watchdog_idle_enabled', 'watchdog_busy_enabled']

/** All keys at once, for requests and for the description of the API. A key with null behind it is taken back. */
export const RuntimeSettingsSchema: TObject = Type.Object(
  Object.fromEntries(
    [...keys.map(([name, { schema }]) => [name, schema] as const), [WATCHDOG, Type.Boolean()] as const].map(
      ([name, schema]) => [name, Type.Optional(Type.Union([schema, Type.Null()]))],
    ),
  ),
)

const validators = new Map(keys.map(([name, { schema }]) => [name, Compile(schema)] as const))

/** Throws `config.invalid` naming the key and what it should be. Keys with null behind them are left out. */
export function parseStored(value: unknown): StoredSettings {
  if (!isObject(value)) throw new AppError('config.invalid', 'it is no JSON object')
  const said = Object.entries(value).filter(([, member]) => member !== null)
  for (const [name, member] of said) check(name, member)
  return Object.fromEntries(said)
}

function check(name: string, value: unknown): void {
  if (name === WATCHDOG && typeof value !== 'boolean') throw invalid(name, 'true or false')
  const key = keyOf(name)
  if (key === undefined) return
  if (validators.get(name)?.Check(value) !== true) throw invalid(name, key.wanted)
  try {
    key.read(value)
  } catch {
    throw invalid(name, key.wanted)
  }
}

function invalid(name: string, wanted: string): AppError {
  return new AppError('config.invalid', `Invalid ${name} format: it must be ${wanted}`, { details: { param: name } })
}

/** What holds: flags and variables (`explicit`, by setting) over the file over the defaults. Pure. */
export function mergeSettings(base: NodeSettings, explicit: ReadonlySet<string>, stored: StoredSettings): NodeSettings {
  const file = keys.flatMap(([name, key]): (readonly [string, unknown])[] =>
    Object.hasOwn(stored, name) ? [[key.setting, key.read(stored[name])]] : [],
  )
  const watchdogs = stored[WATCHDOG] === false ? Object.entries({ watchdogIdle: false, watchdogBusy: false }) : []
  const changes = [...file, ...watchdogs].filter(([setting]) => !explicit.has(setting))
  return { ...base, ...Object.fromEntries(changes) }
}

/** The stored settings after a request has changed some. Pure. Throws `config.invalid`. */
export function patchStored(stored: StoredSettings, patch: Readonly<Record<string, unknown>>): StoredSettings {
  const merged: Record<string, unknown> = { ...stored, ...patch }
  // Whoever switches one watchdog on does not want an earlier main switch to keep it off.
  if (!Object.hasOwn(patch, WATCHDOG) && WATCHDOG_PARTS.some((part) => patch[part] === true)) delete merged[WATCHDOG]
  return parseStored(merged)
}

/** Every key with its value, secrets as `mask` makes them. Pure. */
export function showSettings(
  settings: NodeSettings,
  mask: (secret: string) => string,
): Readonly<Record<string, unknown>> {
  const shown = keys.map(([name, key]) => {
    const value = settings[key.setting]
    return [name, key.show(key.secret === true ? masked(value, mask) : value)] as const
  })
  return { [WATCHDOG]: settings.watchdogIdle || settings.watchdogBusy, ...Object.fromEntries(shown) }
}

function masked(value: unknown, mask: (secret: string) => string): unknown {
  if (Array.isArray(value)) return value.map((element) => mask(String(element)))
  return typeof value === 'string' && value !== '' ? mask(value) : value
}

/** The keys whose value is not the one that was in force at the start, though only a start can change it. Pure. */
export function keysForRestart(atStart: NodeSettings, now: NodeSettings): readonly string[] {
  return keys.flatMap(([name, { setting, restart }]) =>
    restart === true && atStart[setting] !== now[setting] ? [name] : [],
  )
}

/** Of these keys, those whose setting a flag or a variable decides. Pure. */
export function pinnedKeys(names: readonly string[], explicit: ReadonlySet<string>): readonly string[] {
  return names.filter((name) => {
    const setting = keyOf(name)?.setting
    return setting !== undefined && explicit.has(setting)
  })
}

/** The keys that nothing here knows. Pure. */
export function unknownKeys(names: readonly string[]): readonly string[] {
  return names.filter((name) => name !== WATCHDOG && keyOf(name) === undefined)
}

export function needsRestart(setting: string): boolean {
  return keys.some(([, key]) => key.setting === setting && key.restart === true)
}

function keyOf(name: string): RuntimeKey | undefined {
  return Object.hasOwn(RUNTIME_KEYS, name) ? RUNTIME_KEYS[name] : undefined
}
