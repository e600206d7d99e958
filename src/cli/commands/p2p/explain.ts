import { endpointSettings } from '../../../config/network-settings.ts'
import { json, printJson } from '../../listing.ts'
import type { CommandDefinition } from '../../program.ts'
import { formatTable, paint } from '../../terminal.ts'
import { readExplanation, readRequests } from './explained-answers.ts'
import { notOurs } from './network-answers.ts'
import { REQUEST_HEADINGS, requestRow, tellStory } from './request-words.ts'

const settings = { ...endpointSettings, json } as const

/** `p2p explain`: why a request went where it went, in words. */
export const explainCommand: CommandDefinition<typeof settings> = {
  name: 'explain',
  argument: '[REQUEST-ID]',
  argumentHelp: 'the X-Correlation-ID of an answer; without one, the last requests are listed',
  summary: 'Say why a request went where it went: the candidates, the choice, and what happened then',
  settings,
  examples: [
    ['local-ai p2p explain', 'the last requests, newest first'],
    ['local-ai p2p explain 6f1c7a52-5b0e-4f6e-9a53-0d1f6b0f2a11', 'one of them, with all that is known'],
    ['local-ai p2p explain --json', 'what clients asked for with X-LocalAI-Explain: 1 is among them'],
  ],
  async run({ settings: { endpoint, apiKey, ...settings }, arguments: [id] }) {
    const { createNodeClient } = await import('../../../compose/node-client.ts')
    const path = id === undefined ? '/api/federation/requests' : `/api/federation/requests/${encodeURIComponent(id)}`
    const answer = await createNodeClient({ endpoint, apiKey }).get(path)
    if (settings.json) {
      printJson(answer)
      return
    }
    if (id === undefined) {
      const requests = readRequests(answer)
      if (requests.length === 0)
        process.stdout.write('no request has come to this node yet, or it sends none to others\n')
      else process.stdout.write(formatTable([REQUEST_HEADINGS, ...requests.map(requestRow)]))
      return
    }
    const explanation = readExplanation(answer)
    if (explanation === undefined) throw notOurs()
    process.stdout.write(tellStory(explanation, paint))
  },
}
