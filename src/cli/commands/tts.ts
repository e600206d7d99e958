import { speechSettings } from '../../config/tool-settings.ts'
import type { CommandDefinition } from '../program.ts'
import { whileWorking } from '../while-working.ts'

export const ttsCommand: CommandDefinition<typeof speechSettings> = {
  name: 'tts',
  argument: '<TEXT...>',
  argumentHelp: 'what to say; several words are joined with blanks',
  summary: 'Turn a text into speech',
  settings: speechSettings,
  examples: [
    ['local-ai tts -m en-us-amy-low.onnx "Good morning"', 'into a file of the temporary folder'],
    ['local-ai tts -m voice -o morning.wav Good morning', 'into a file of your choice'],
  ],
  quiet: true,
  async run({ settings, log, environment, arguments: words }) {
    const { speakOnce } = await import('../../compose/compose-one-call.ts')
    const context = { log, environment: environment.variables }
    const path = await whileWorking('speaking', (options) =>
      speakOnce({ text: words.join(' '), settings }, context, options),
    )
    process.stdout.write(`Generate file ${path}\n`)
  },
}
