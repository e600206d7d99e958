import { explorerSettings } from '../../config/explorer-settings.ts'
import type { CommandDefinition } from '../program.ts'
import { abortOnSignal, runUntilSignal } from '../until-signal.ts'

/** `explorer`: a public list of networks. */
export const explorerCommand: CommandDefinition<typeof explorerSettings> = {
  name: 'explorer',
  summary: 'Run a public list of networks, which holds no key to those that are listed with a view token',
  notes:
    'Networks are added on its page, or with POST /network/add. "local-ai p2p view-token" prints what to add: with it an explorer can count nodes and models, and nobody can join.',
  settings: explorerSettings,
  examples: [
    ['local-ai explorer --with-sync', 'list networks on port 8080, and visit them'],
    ['local-ai explorer --only-sync', 'visit every network once, from a timer, beside an explorer that only serves'],
    ['local-ai explorer --with-sync --allow-private-addresses --p2p-mdns', 'for the networks of a LAN'],
  ],
  async run({ settings, log }) {
    const { composeExplorer, visitAllNetworks } = await import('../../compose/compose-explorer.ts')
    if (!settings.onlySync) {
      await runUntilSignal(await composeExplorer(settings, { log }), log)
      return
    }
    using interrupted = abortOnSignal()
    const { succeeded, failed, takenOff } = await visitAllNetworks(settings, { log }, interrupted)
    process.stdout.write(`networks found: ${succeeded}, not found: ${failed}, taken off the list: ${takenOff}\n`)
  },
}
