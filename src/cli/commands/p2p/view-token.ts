import { joinSettings, tokenSettings } from '../../../config/network-settings.ts'
import { json, printJson } from '../../listing.ts'
import type { CommandDefinition } from '../../program.ts'

const settings = { ...tokenSettings, p2pAnnounce: joinSettings.p2pAnnounce, json } as const

/** `p2p view-token`: what may be made public where the token may not. */
export const viewTokenCommand: CommandDefinition<typeof settings> = {
  name: 'view-token',
  summary: 'Print what lets others see this network and not join it: for an explorer',
  notes:
    'Whoever has it can read how many nodes and which models there are, from members that run with --p2p-public-summary, and nothing else. It is made from the token, which cannot be made from it.',
  settings,
  examples: [
    ['local-ai p2p view-token', 'of the network whose token is kept in ./data'],
    [
      'local-ai p2p view-token --p2p-announce my.example.org:7946',
      'with a place where a member can be reached from outside',
    ],
  ],
  async run({ settings, log }) {
    const { currentViewToken } = await import('../../../compose/view-token.ts')
    const found = await currentViewToken(settings, { log })
    if (settings.json) printJson(found)
    else process.stdout.write(`${found.viewToken}\n`)
  },
}
