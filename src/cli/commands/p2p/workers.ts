import { formatBytes } from '../../../base/format-bytes.ts'
import { isObject } from '../../../base/json.ts'
import { endpointSettings } from '../../../config/network-settings.ts'
import { json, printJson } from '../../listing.ts'
import type { CommandDefinition } from '../../program.ts'
import { formatTable, paint } from '../../terminal.ts'
import { text } from './network-answers.ts'

const settings = { ...endpointSettings, json } as const

const HEADINGS = ['NAME', 'STATE', 'DEVICE', 'MEMORY', 'RTT', 'MODEL', 'LAYERS', 'MOVED', 'BUILD', 'ID']

/** `p2p workers`: who lends memory, and who uses it. */
export const workersCommand: CommandDefinition<typeof settings> = {
  name: 'workers',
  summary: 'List the machines that lend memory to models too large for one machine',
  settings,
  examples: [
    ['local-ai p2p workers', 'who lends, how much, and who uses it'],
    ['local-ai p2p workers --json', 'with measured speeds and all counts'],
  ],
  async run({ settings: { endpoint, apiKey, json } }) {
    const { createNodeClient } = await import('../../../compose/node-client.ts')
    const answer = await createNodeClient({ endpoint, apiKey }).get('/api/p2p/workers')
    const workers = isObject(answer) && Array.isArray(answer['nodes']) ? answer['nodes'].filter(isObject) : []
    if (json) printJson(workers)
    else if (workers.length === 0) {
      process.stdout.write(
        'nobody lends memory: start "local-ai worker p2p-llama-cpp-rpc" on another machine, or "local-ai p2p lend on" there\n',
      )
    } else process.stdout.write(formatTable([HEADINGS, ...workers.map(toRow)]))
  },
}

type Fields = Readonly<Record<string, unknown>>

function toRow(worker: Fields): readonly string[] {
  const { use, user, roundTripMs } = worker
  // This node's own model there, or the model of another one here.
  const lease = [use, user].find(isObject)
  const layers = lease?.['layers']
  const moved = Number(lease?.['bytesIn'] ?? 0) + Number(lease?.['bytesOut'] ?? 0)
  return [
    text(worker['name']),
    stateOf(worker),
    text(worker['device']) || '-',
    formatBytes(Number(worker['memory'] ?? 0)),
    typeof roundTripMs === 'number' ? `${roundTripMs.toFixed(1)} ms` : '-',
    lease === undefined ? '-' : modelOf(lease),
    typeof layers === 'number' ? String(layers) : '-',
    lease === undefined ? '-' : formatBytes(moved),
    text(worker['build']) || '-',
    text(worker['id']),
  ]
}

function modelOf(lease: Fields): string {
  const owner = text(lease['name'])
  return owner === '' ? text(lease['model']) : `${text(lease['model'])} of ${owner}`
}

function stateOf(worker: Fields): string {
  if (worker['isOnline'] !== true) return paint('red', 'silent')
  if (worker['unusable'] !== undefined) return paint('red', 'unusable')
  if (worker['busy'] !== true) return paint('green', 'free')
  const waiting = Number(worker['waiting'] ?? 0)
  return paint('yellow', waiting === 0 ? 'busy' : `busy, ${waiting} waiting`)
}
