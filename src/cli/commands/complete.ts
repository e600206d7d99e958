import { oneOf } from '../../config/setting.ts'
import { storageSettings } from '../../config/settings.ts'
import type { CommandDefinition } from '../program.ts'

const KINDS = ['model', 'gallery-model', 'backend', 'gallery-backend'] as const

/** Somebody waits for the answer with a finger on the key. */
const TIMEOUT_MS = 2000

/** `__complete KIND`: what the completion scripts ask while a person types: one name a line. */
export const completeCommand: CommandDefinition<typeof storageSettings> = {
  name: '__complete',
  argument: '<KIND>',
  argumentChoices: KINDS,
  summary: 'Print names for the completion of a shell',
  settings: storageSettings,
  hidden: true,
  examples: [],
  async run({ settings, log, environment, arguments: [kind = ''] }) {
    const { knownNames } = await import('../../compose/known-names.ts')
    const context = { log, environment: environment.variables }
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const names = await knownNames(oneOf(...KINDS).parse(kind), { settings, context }, { signal })
    // Shells take other characters apart, and some of them would have to be quoted.
    const plain = names.filter((name) => /^[\w./+-]+$/.test(name))
    process.stdout.write(plain.map((name) => `${name}\n`).join(''))
  },
}
