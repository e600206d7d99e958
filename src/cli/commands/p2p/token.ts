import { AppError } from '../../../base/errors.ts'
import { tokenSettings } from '../../../config/network-settings.ts'
import { bool, optionalPath, setting } from '../../../config/setting.ts'
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
  ownerKey: setting({
    flags: ['--owner-key'],
    env: [],
    fallback: undefined,
    help: 'With --new: file with the key of its owner, made when it is missing. As data/p2p/owner.key it lets a node revoke others',
    group: 'P2P',
    kind: optionalPath,
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
    ['local-ai p2p token --new > token.txt', 'a token for a new network that nobody owns'],
    ['local-ai p2p token --new --owner-key owner.key', 'its owner can remove nodes from it (p2p revoke)'],
    ['local-ai p2p token | ssh other local-ai run --p2p --federated --p2p-token-file -', 'join another machine'],
  ],
  async run({ settings, log }) {
    if (settings.ownerKey !== undefined && !settings.fresh)
      throw new AppError('config.invalid', '--owner-key goes with --new: a token that exists has its owner')
    const { newToken, currentToken } = await import('../../../compose/network-token.ts')
    const found = settings.fresh
      ? await newToken(settings, { log, ownerKeyFile: settings.ownerKey })
      : await currentToken(settings, { log })
    if (settings.json) printJson(found)
    else process.stdout.write(`${found.token}\n`)
  },
}
