import { soundSettings } from '../../config/tool-settings.ts'
import type { CommandDefinition } from '../program.ts'
import { whileWorking } from '../while-working.ts'

export const soundGenerationCommand: CommandDefinition<typeof soundSettings> = {
  name: 'sound-generation',
  argument: '<TEXT...>',
  argumentHelp: 'what to hear; several words are joined with blanks',
  summary: 'Make a sound or a piece of music from a text, or from a text and another sound',
  settings: soundSettings,
  examples: [
    [
      'local-ai sound-generation -b transformers-musicgen -m facebook/musicgen-small "Soft rain"',
      'into a file of the temporary folder',
    ],
  ],
  quiet: true,
  async run({ settings, log, environment, arguments: words }) {
    const { makeSoundOnce } = await import('../../compose/compose-one-call.ts')
    const context = { log, environment: environment.variables }
    const path = await whileWorking('making the sound', (options) =>
      makeSoundOnce({ text: words.join(' '), settings }, context, options),
    )
    process.stdout.write(`Generate file ${path}\n`)
  },
}
