import { tokenSettings } from '../../../config/network-settings.ts'
import { bool, setting } from '../../../config/setting.ts'
import { json, printJson } from '../../listing.ts'
import type { CommandDefinition } from '../../program.ts'

const settings = {
  ...tokenSettings,
  fresh: setting({
    flags: ['--new'],
    env: [],
    fallback: false,
    help: 'Print a new token, for a network that does not exist yet, and keep it nowhere',
    group: 'P2P',
    kind: bool,
  }),
  json,
} as const

/** `p2p token`: the token of this node's network, or a new one. */
export const tokenCommand: CommandDefinition<typeof settings> = {
  name: 'token',
  summary:
    'Print the network token of this node, or a new one. Whoever has it is a member: keep it as you keep a password',
  settings,
  examples: [
    ['local-ai p2p token', 'the token kept in ./data'],
    ['local-ai p2p token --new > token.txt', 'a token for a new network'],
    ['local-ai p2p token | ssh other local-ai run --p2p --federated --p2p-token-file -', 'join another machine'],
  ],
  async run({ settings, log }) {
    const { newToken, currentToken } = await import('../../../compose/network-token.ts')
    const found = settings.fresh ? await newToken(settings) : await currentToken(settings, { log })
    if (settings.json) printJson(found)
    else process.stdout.write(`${found.token}\n`)
  },
}
