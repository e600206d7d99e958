import { version } from '../../compose/version.ts'
import { bool, setting } from '../../config/setting.ts'
import { runSettings } from '../../config/settings.ts'
import { printInvitation } from '../invitation.ts'
import type { CommandDefinition } from '../program.ts'
import { refuseTypos } from '../refuse-typos.ts'
import { printSetupCode } from '../setup-code.ts'
import { runUntilSignal } from '../until-signal.ts'

const settings = {
  ...runSettings,
  version: setting({
    flags: ['--version'],
    env: [],
    fallback: false,
    help: 'Print the version',
    group: 'Other',
    kind: bool,
  }),
} as const

export const runCommand: CommandDefinition<typeof settings> = {
  name: 'run',
  argument: '[MODEL...]',
  argumentHelp: 'models to install and serve: a name from the gallery, a URI, or a path',
  argumentCompletes: 'gallery-model',
  summary: 'Run the node: serve models over the OpenAI-compatible API',
  settings,
  isDefault: true,
  examples: [
    ['local-ai', 'serve what is in ./models, or a small default model'],
    ['local-ai run smollm2-135m-instruct', 'install a model from the gallery and serve it'],
    ['local-ai run ./my-model.gguf --address 127.0.0.1:9000', 'serve a file on another port'],
    ['local-ai run hf://owner/repo/file.gguf', 'install a file from the Hugging Face hub'],
    ['local-ai run --p2p --federated', 'found a network (prints the token), or join that of ./data'],
    ['TOKEN=... local-ai run --p2p --federated', 'join a network: its models are served here, and yours there'],
    ['LOCALAI_THREADS=8 local-ai run', 'every flag has a variable'],
  ],
  async run({ settings, explicit, log, logHistory, environment, arguments: words, program }) {
    if (settings.version) {
      process.stdout.write(`${version()}\n`)
      return
    }
    const context = { log, environment: environment.variables, explicit }
    await refuseTypos(words, {
      commands: program.commands.filter(({ hidden }) => !hidden).map(({ name }) => name),
      async models() {
        const { knownModels } = await import('../../compose/compose-node.ts')
        const { knownNames } = await import('../../compose/known-names.ts')
        return [...(await knownModels(settings, context)), ...(await knownNames('model', { settings, context }))]
      },
    })
    const { composeNode } = await import('../../compose/compose-node.ts')
    const models = [...settings.models, ...words]
    await runUntilSignal(
      await composeNode(
        { ...settings, models },
        {
          ...context,
          logHistory,
          onFounded: (network) => printInvitation(network, environment.variables),
          onSetupCode: printSetupCode,
        },
      ),
      log,
    )
  },
}
