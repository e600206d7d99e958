import type { NodeSettings } from './node-settings.ts'
import { keysForRestart, mergeSettings, needsRestart, type StoredSettings } from './stored-settings.ts'

/** The settings of a running node. */
export interface LiveSettings {
  /**
   * Each property is the value as of now: whoever asks when it is needed has the change. What only a start can change
   * keeps the value that it had then.
   */
  readonly values: NodeSettings
  /** As they would be after a restart. */
  readonly wanted: () => NodeSettings
  readonly stored: () => StoredSettings
  /** Puts other stored settings in the place of those before, and tells which settings are others now. */
  replace(stored: StoredSettings): ReadonlySet<string>
  /** The keys that wait for a restart. */
  restart(): readonly string[]
}

export interface LiveSettingsInit {
  /** By flag, variable and default. */
  readonly base: NodeSettings
  /** The settings that a flag or a variable has decided: no file changes them. */
  readonly explicit: ReadonlySet<string>
  readonly stored: StoredSettings
}

export function createLiveSettings({ base, explicit, stored }: LiveSettingsInit): LiveSettings {
  let current = stored
  let wanted = mergeSettings(base, explicit, stored)
  const atStart = wanted
  const values = {} as NodeSettings
  for (const name of Object.keys(wanted) as (keyof NodeSettings)[]) {
    const get = needsRestart(name) ? () => atStart[name] : () => wanted[name]
    Object.defineProperty(values, name, { get, enumerable: true })
  }
  return {
    values,
    wanted: () => wanted,
    stored: () => current,
    replace(next) {
      const before = wanted
      current = next
      wanted = mergeSettings(base, explicit, next)
      const names = Object.keys(wanted) as (keyof NodeSettings)[]
      return new Set(names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(wanted[name])))
    },
    restart: () => keysForRestart(atStart, wanted),
  }
}
