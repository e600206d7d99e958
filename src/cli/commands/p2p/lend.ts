import { formatBytes } from '../../../base/format-bytes.ts'
import { isObject } from '../../../base/json.ts'
import { endpointSettings } from '../../../config/network-settings.ts'
import { lendSwitchSettings } from '../../../config/worker-settings.ts'
import { json, printJson } from '../../listing.ts'
import type { CommandDefinition } from '../../program.ts'
import { notOurs, text } from './network-answers.ts'

const settings = { ...endpointSettings, ...lendSwitchSettings, json } as const

const PATH = '/api/p2p/lending'

/** `p2p lend`: a running node lends its memory from now on, or does so no more. */
export const lendCommand: CommandDefinition<typeof settings> = {
  name: 'lend',
  argument: '[STATE]',
  argumentHelp: 'on or off; without it, what is lent now is shown',
  argumentChoices: ['on', 'off'],
  summary: "Lend a running node's memory to models of other members, or stop lending it",
  settings,
  examples: [
    ['local-ai p2p lend', 'what this node lends, and who uses it'],
    ['local-ai p2p lend on --memory 8GB', 'without a restart; it is remembered'],
    ['local-ai p2p lend off', 'the memory is free again at once; the model that used it goes on elsewhere'],
  ],
  async run({ settings: { endpoint, apiKey, memory, threads, json }, arguments: [state] }) {
    const { createNodeClient } = await import('../../../compose/node-client.ts')
    const client = createNodeClient({ endpoint, apiKey })
    const change = {
      ...(state === undefined ? {} : { enabled: state === 'on' }),
      ...(memory === undefined ? {} : { memory }),
      ...(threads === undefined ? {} : { threads }),
    }
    const isChange = Object.keys(change).length > 0
    const answer = isChange ? await client.put(PATH, change) : await client.get(PATH)
    if (!isObject(answer) || typeof answer['lends'] !== 'boolean') throw notOurs()
    if (json) printJson(answer)
    else process.stdout.write(`${inWords(answer)}\n`)
  },
}

function inWords(lending: Readonly<Record<string, unknown>>): string {
  if (lending['lends'] !== true) return `nothing is lent: ${text(lending['because'])}`
  const { user } = lending
  const memory = formatBytes(Number(lending['memory'] ?? 0))
  if (!isObject(user)) return `this node lends ${memory} of ${text(lending['device'])} memory; nobody uses it now`
  const taken = formatBytes(Number(user['memoryBytes'] ?? 0))
  return `this node lends ${memory}; ${text(user['name'])} uses up to ${taken} for ${text(user['model'])}`
}
