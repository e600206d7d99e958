import { useCaseSettings } from '../../../config/tool-settings.ts'
import { json, printJson } from '../../listing.ts'
import type { CommandDefinition } from '../../program.ts'
import { formatTable } from '../../terminal.ts'

const settings = { ...useCaseSettings, json } as const

export const usecaseHeuristicCommand: CommandDefinition<typeof settings> = {
  name: 'usecase-heuristic',
  argument: '<CONFIG>',
  argumentHelp: 'the name of a model, or a YAML file',
  argumentCompletes: 'model',
  summary: 'Show what a model configuration is believed to be able to do',
  settings,
  examples: [
    ['local-ai util usecase-heuristic smollm2-135m-instruct', 'a model of the models folder'],
    ['local-ai util usecase-heuristic ./draft.yaml', 'a configuration that is not installed yet'],
  ],
  async run({ settings, arguments: [config = ''] }) {
    const { guessUseCases } = await import('../../../compose/guess-use-cases.ts')
    const guessed = await guessUseCases(config, settings)
    if (settings.json) printJson(guessed)
    else process.stdout.write(formatTable(guessed.map(({ model, useCases }) => [model, useCases.join(' ')])))
  },
}
