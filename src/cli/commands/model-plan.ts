import { endpointSettings } from '../../config/network-settings.ts'
import { placementSettings } from '../../config/placement-settings.ts'
import { optionalCount, setting } from '../../config/setting.ts'
import { storageSettings } from '../../config/settings.ts'
import { json, printJson } from '../listing.ts'
import type { CommandDefinition } from '../program.ts'
import { abortOnSignal } from '../until-signal.ts'

const settings = {
  ...endpointSettings,
  modelsPath: storageSettings.modelsPath,
  contextSize: setting({
    flags: ['--context'],
    env: [],
    fallback: undefined,
    fallbackText: "the model's",
    help: 'Tokens that one request can hold',
    group: 'Workers',
    kind: optionalCount,
  }),
  split: { ...placementSettings.split, env: [] },
  workers: { ...placementSettings.workers, env: [] },
  json,
} as const

/** `models plan`: what a model would take, before it is loaded. */
export const planCommand: CommandDefinition<typeof settings> = {
  name: 'plan',
  argument: '<MODEL>',
  argumentHelp: 'an installed model',
  argumentCompletes: 'model',
  summary: 'Show on which machines a model would run, what it takes there, and how fast it would be',
  settings,
  examples: [
    ['local-ai models plan big-model', 'as the running node would load it; without one, for this machine alone'],
    ['local-ai models plan big-model --context 32768', 'with a longer context'],
    ['local-ai models plan big-model --split force --worker left=20 --worker right', 'over workers of your choice'],
  ],
  async run({ settings, arguments: [model = ''] }) {
    const { askForPlan, planInWords } = await import('../../compose/model-plan.ts')
    using interrupted = abortOnSignal()
    const plan = await askForPlan(model, settings, interrupted)
    if (settings.json) printJson(plan)
    else process.stdout.write(`${planInWords(plan)}\n`)
    if (plan.verdict === 'refused') process.exitCode = 1
  },
}
