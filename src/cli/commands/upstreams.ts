import { isObject } from '../../base/json.ts'
import { endpointSettings } from '../../config/network-settings.ts'
import { json, printJson } from '../listing.ts'
import type { CommandDefinition } from '../program.ts'
import { formatTable, paint } from '../terminal.ts'
import { text } from './p2p/network-answers.ts'

const settings = { ...endpointSettings, json } as const

const HEADINGS = ['NAME', 'STATE', 'SERVER', 'BUSY', 'MODELS', 'URL']
const MOST_MODELS = 3

/** `upstreams`: the servers that a running node has attached. */
export const upstreamsCommand: CommandDefinition<typeof settings> = {
  name: 'upstreams',
  summary: 'List the servers that are attached to a running node, and what was found there',
  settings,
  examples: [
    ['local-ai run --upstream vllm=http://10.0.0.5:8000', 'attaches one; its models are then models of this node'],
    ['local-ai upstreams', 'what answers there, what it has, and why it does not serve'],
    ['local-ai upstreams --json', 'with what each model can do'],
  ],
  async run({ settings: { endpoint, apiKey, json } }) {
    const { createNodeClient } = await import('../../compose/node-client.ts')
    const answer = await createNodeClient({ endpoint, apiKey }).get('/api/upstreams')
    const upstreams = objectsIn(answer, 'upstreams')
    if (json) printJson(upstreams)
    else if (upstreams.length === 0)
      process.stdout.write('no server is attached: local-ai run --upstream NAME=http://host:port attaches one\n')
    else process.stdout.write(`${formatTable([HEADINGS, ...upstreams.map(toRow)])}${problemsOf(upstreams)}`)
  },
}

function toRow(upstream: Record<string, unknown>): readonly string[] {
  const models = objectsIn(upstream, 'models').map(({ id }) => text(id))
  const shown = models.slice(0, MOST_MODELS).join(', ')
  return [
    text(upstream['name']),
    paint(upstream['state'] === 'up' ? 'green' : 'red', text(upstream['state'])),
    [text(upstream['kind']), text(upstream['version'])].filter((part) => part !== '').join(' ') || '-',
    `${count(upstream['running'])}/${count(upstream['slots'])}${upstream['slotsKnown'] === true ? '' : ' (learned)'}`,
    models.length > MOST_MODELS ? `${shown} and ${models.length - MOST_MODELS} more` : shown || '-',
    text(upstream['url']),
  ]
}

function problemsOf(upstreams: readonly Record<string, unknown>[]): string {
  return upstreams
    .filter(({ state }) => state !== 'up')
    .map(({ problem }) => text(problem))
    .filter((problem) => problem !== '')
    .map((problem) => `${paint('yellow', 'note')}  ${problem}\n`)
    .join('')
}

function objectsIn(value: unknown, name: string): readonly Record<string, unknown>[] {
  const found: unknown = isObject(value) ? value[name] : undefined
  return Array.isArray(found) ? found.filter(isObject) : []
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0
}
