import { AppError } from '../../../base/errors.ts'
import { endpointSettings } from '../../../config/network-settings.ts'
import { json, printJson } from '../../listing.ts'
import type { CommandContext, CommandDefinition } from '../../program.ts'
import { formatTable, paint } from '../../terminal.ts'
import { type ShownPeer, type ShownStatus, toShownPeers, toShownStatus } from './network-answers.ts'

const settings = { ...endpointSettings, json } as const
type Settings = CommandContext<typeof settings>['settings']

/** `p2p peers`: the other members, as the running node sees them. */
export const peersCommand: CommandDefinition<typeof settings> = {
  name: 'peers',
  summary: 'List the members of the network as a running node sees them',
  settings,
  examples: [
    ['local-ai p2p peers', 'who is there, what they have and how busy they are'],
    ['local-ai p2p peers --json | jq ".[].name"', 'for scripts'],
  ],
  async run({ settings }) {
    const answer = await ask(settings, '/api/p2p/status')
    if (toShownStatus(answer) === undefined) throw notInNetwork()
    const peers = toShownPeers(answer)
    if (settings.json) printJson(peers)
    else if (peers.length === 0) process.stdout.write('no other member is linked (local-ai p2p doctor says why)\n')
    else process.stdout.write(formatTable([HEADINGS, ...peers.map(toRow)]))
  },
}

/** `p2p status`: this node's own place in the network. */
export const statusCommand: CommandDefinition<typeof settings> = {
  name: 'status',
  summary: "Show a running node's place in the network",
  settings,
  isDefault: true,
  examples: [
    ['local-ai p2p status', 'name, id, addresses, number of linked members'],
    ['local-ai p2p status --endpoint http://127.0.0.1:9000', 'of another node on this machine'],
  ],
  async run({ settings }) {
    const answer = await ask(settings, '/api/p2p/status')
    const status = toShownStatus(answer)
    if (status === undefined) throw notInNetwork()
    if (settings.json) {
      printJson(answer)
      return
    }
    process.stdout.write(formatTable(statusRows(status)))
    for (const { message } of status.findings) process.stdout.write(`${paint('yellow', 'note')}  ${message}\n`)
  },
}

function notInNetwork(): AppError {
  return new AppError('request.invalid', 'this node is in no network: start it with --p2p')
}

async function ask({ endpoint, apiKey }: Settings, path: string): Promise<unknown> {
  const { createNodeClient } = await import('../../../compose/node-client.ts')
  return await createNodeClient({ endpoint, apiKey }).get(path)
}

const HEADINGS = ['NAME', 'STATE', 'PATH', 'RTT', 'BUSY', 'VERSION', 'MODELS', 'ID']

function toRow(peer: ShownPeer): readonly string[] {
  const { roundTripMs, running, queued, slots } = peer
  return [
    peer.name,
    peer.draining ? paint('yellow', 'draining') : paint(peer.state === 'linked' ? 'green' : 'red', peer.state),
    peer.path,
    roundTripMs === undefined ? '-' : `${roundTripMs.toFixed(1)} ms`,
    slots === 0 ? '-' : `${running + queued}/${slots}`,
    peer.version,
    peer.models.length > 3
      ? `${peer.models.slice(0, 3).join(', ')} and ${peer.models.length - 3} more`
      : peer.models.join(', ') || '-',
    peer.peerID,
  ]
}

function statusRows(status: ShownStatus): readonly (readonly string[])[] {
  return [
    ['name', status.name],
    ['id', status.peerId],
    ['network', status.networkId],
    ['members linked', String(status.linked)],
    ...status.addresses.map((address, index) => [index === 0 ? 'addresses' : '', address]),
  ]
}
