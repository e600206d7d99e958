import { availableParallelism } from 'node:os'
import type { RuntimeSettings } from '../config/dynamic/runtime-settings.ts'
import type { LenderSettings } from '../config/lending-settings.ts'
import type { LendingRules } from '../workers/lease/lending-offer.ts'

type RuleSettings = Pick<LenderSettings, 'lend' | 'lendMemory' | 'lendThreads' | 'lendTo'>

/** What a request may change, in the words of the runtime settings. */
export interface LendingPatch {
  readonly lend?: boolean
  readonly lend_memory?: string
  readonly lend_threads?: number
  readonly lend_to?: readonly string[]
}

/** What the operator allows, as of now. */
export interface ChangeableRules {
  rules(): LendingRules
  /**
   * Stores it with the runtime settings. What a flag or a variable has set is changed until the node's next start only.
   * Throws `config.invalid`.
   */
  change(patch: LendingPatch): Promise<void>
}

/** `settings` may change while the node runs; `read` makes settings of stored keys, and throws `config.invalid`. */
export function createLendingRules({
  settings,
  runtimeSettings,
  read,
  onChange,
}: {
  readonly settings: RuleSettings
  readonly runtimeSettings: Pick<RuntimeSettings, 'change'> | undefined
  readonly read: (patch: LendingPatch) => Partial<RuleSettings>
  readonly onChange: () => void
}): ChangeableRules {
  /** Of the keys that the runtime settings cannot change. */
  let overrides: LendingPatch = {}
  return {
    rules: () => toRules({ ...pick(settings), ...read(overrides) }),
    async change(patch) {
      read(patch)
      const names = Object.keys(patch)
      const overridden = (await runtimeSettings?.change({ ...patch }))?.overridden ?? names
      const entries = Object.entries({ ...overrides, ...patch })
      overrides = Object.fromEntries(entries.filter(([name]) => !names.includes(name) || overridden.includes(name)))
      onChange()
    },
  }
}

export function toRules({ lend, lendMemory, lendThreads, lendTo }: RuleSettings): LendingRules {
  return { enabled: lend, memoryBytes: lendMemory, threads: lendThreads ?? availableParallelism(), to: lendTo }
}

/** A copy: the settings themselves are read anew each time. */
function pick({ lend, lendMemory, lendThreads, lendTo }: RuleSettings): RuleSettings {
  return { lend, lendMemory, lendThreads, lendTo }
}
