import { federatedSettings } from '../../config/settings.ts'
import type { CommandDefinition } from '../program.ts'
import { printSetupCode } from '../setup-code.ts'
import { runUntilSignal } from '../until-signal.ts'

/** `federated`: one address in front of the whole network. */
export const federatedCommand: CommandDefinition<typeof federatedSettings> = {
  name: 'federated',
  summary: 'Run an entry to the network: one address for all its models, without models of its own',
  settings: federatedSettings,
  examples: [
    [
      'local-ai federated --p2p-token-file token.txt',
      'an entry on port 8080; every request goes to the node that serves it best',
    ],
    ['TOKEN=... local-ai federated --address :9090', 'the token from the environment, another port'],
    ['local-ai federated --target-worker big-box', 'everything to one node'],
  ],
  async run({ settings, log, logHistory, environment }) {
    const { composeFederated } = await import('../../compose/compose-federated.ts')
    const context = { log, environment: environment.variables, logHistory, onSetupCode: printSetupCode }
    await runUntilSignal(await composeFederated(settings, context), log)
  },
}
