import { transcriptSettings } from '../../config/tool-settings.ts'
import type { CommandDefinition } from '../program.ts'
import { whileWorking } from '../while-working.ts'

export const transcriptCommand: CommandDefinition<typeof transcriptSettings> = {
  name: 'transcript',
  argument: '<FILE>',
  argumentHelp: 'the sound to listen to',
  argumentCompletes: 'path',
  summary: 'Write down what is said in a sound file',
  settings: transcriptSettings,
  examples: [
    ['local-ai transcript -m whisper-base talk.wav', 'a line for every segment, with its time'],
    ['local-ai transcript -m whisper-base -f srt talk.wav > talk.srt', 'as subtitles'],
  ],
  quiet: true,
  async run({ settings, log, environment, arguments: [file = ''] }) {
    const { transcribeOnce } = await import('../../compose/compose-one-call.ts')
    const { printedTranscript } = await import('../../compose/printed-transcript.ts')
    const context = { log, environment: environment.variables }
    const transcript = await whileWorking('listening', (options) =>
      transcribeOnce({ file, settings }, context, options),
    )
    process.stdout.write(printedTranscript(transcript, settings))
  },
}
