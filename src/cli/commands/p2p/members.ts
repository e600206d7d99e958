import { AppError } from '../../../base/errors.ts'
import { isObject } from '../../../base/json.ts'
import { endpointSettings } from '../../../config/network-settings.ts'
import { bool, setting } from '../../../config/setting.ts'
import { json, printJson } from '../../listing.ts'
import type { CommandContext, CommandDefinition } from '../../program.ts'
import { formatTable, paint } from '../../terminal.ts'
import { notOurs } from './network-answers.ts'

const settings = { ...endpointSettings, json } as const
const admitSettings = {
  ...settings,
  everyone: setting({
    flags: ['--everyone'],
    env: [],
    fallback: false,
    help: 'Whoever has the token may join again, but for those that were removed',
    group: 'Other',
    kind: bool,
  }),
} as const
type Settings = CommandContext<typeof settings>['settings']

const PATH = '/api/p2p/members'

/** `p2p members`: who may be in the network, as its owner has said. */
export const membersCommand: CommandDefinition<typeof settings> = {
  name: 'members',
  summary: 'List who may be in the network, who was removed, and who asks to be let in',
  settings,
  examples: [['local-ai p2p members', 'with the ids that p2p revoke and p2p admit take']],
  run: async ({ settings }) => tell(settings, await (await client(settings)).get(PATH)),
}

/** `p2p revoke`: one node goes, and the others notice nothing. */
export const revokeCommand: CommandDefinition<typeof settings> = {
  name: 'revoke',
  argument: '<NODE...>',
  argumentHelp: 'names or ids of nodes',
  summary: "Remove nodes from the network at once; from then on newcomers have to be admitted. On the owner's node",
  settings,
  examples: [
    ['local-ai p2p revoke lab-7', 'it is cut off everywhere, and neither its token nor a new key brings it back'],
    ['local-ai p2p admit lab-7', 'takes that back'],
  ],
  run: async ({ settings, arguments: nodes }) =>
    tell(settings, await (await client(settings)).post(PATH, { revoke: nodes })),
}

/** `p2p admit`: a newcomer, or one that was removed. */
export const admitCommand: CommandDefinition<typeof admitSettings> = {
  name: 'admit',
  argument: '[NODE...]',
  argumentHelp: 'names or ids of nodes',
  summary: "Let nodes into a network from which somebody was removed. On the owner's node",
  settings: admitSettings,
  examples: [
    [
      'local-ai p2p admit 12D3KooWBhMbLvQUgJ3cX8mVxTn5q1mV1C2gS4zXm6dGq8p9Ka1t',
      'a new machine says its id when it is not let in',
    ],
    ['local-ai p2p admit --everyone', 'the token alone is enough again'],
  ],
  async run({ settings, arguments: nodes }) {
    if (nodes.length === 0 && !settings.everyone)
      throw new AppError(
        'config.invalid',
        'name the nodes to admit ("local-ai p2p members" lists who asks), or --everyone',
      )
    const change = { ...(nodes.length === 0 ? {} : { admit: nodes }), ...(settings.everyone ? { open: true } : {}) }
    tell(settings, await (await client(settings)).post(PATH, change))
  },
}

async function client({ endpoint, apiKey }: Settings) {
  const { createNodeClient } = await import('../../../compose/node-client.ts')
  return createNodeClient({ endpoint, apiKey })
}

const COLOURS: Readonly<Record<string, Parameters<typeof paint>[0]>> = { removed: 'red', asking: 'yellow' }

function tell(settings: Settings, answer: unknown): void {
  if (settings.json) {
    printJson(answer)
    return
  }
  if (!isObject(answer) || !Array.isArray(answer['nodes'])) throw notOurs()
  const rows = answer['nodes'].filter(isObject).map(({ name, id, standing, online }) => {
    const colour = COLOURS[String(standing)]
    const shown = colour === undefined ? String(standing) : paint(colour, String(standing))
    return [String(name) || '-', shown, online === true ? 'yes' : 'no', String(id)]
  })
  process.stdout.write(formatTable([['NAME', 'STANDING', 'ONLINE', 'ID'], ...rows]))
  const who = answer['open'] === true ? 'Whoever has the token may join' : 'Newcomers have to be admitted'
  process.stdout.write(
    `${who}.${answer['owner'] === true ? '' : " This is not the owner's node: nothing can be changed here."}\n`,
  )
}
