import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { poll } from '../support/poll.ts'
import { scriptedModel, startSwarm } from '../support/swarm.ts'

// Ten processes on few cores: how fast it is, bench/scale.ts measures. Here it must come to pass.
const REACH_MS = 15_000
const FOLDER_MS = 15_000
const CHANGE_MS = 5000

it('ten nodes that know one address become one network, and a change reaches all', { timeout: 120_000 }, async () => {
  await using swarm = await startSwarm([
    { name: 'node-0', scripted: ['of-0'] },
    ...[1, 2, 3].map((number) => ({ name: `node-${number}`, scripted: [`of-${number}`] })),
    ...[4, 5, 6, 7, 8, 9].map((number) => ({ name: `node-${number}`, entry: true })),
  ])
  const nodes = Array.from({ length: 10 }, (_, number) => swarm.node(`node-${number}`))
  for (const node of nodes) {
    const models = await node.models()
    for (const model of ['of-0', 'of-1', 'of-2', 'of-3']) assert.ok(models.includes(model), `${node.name}: ${models}`)
  }
  // Every link is used. Forty requests at once may find a node too busy to be heard on a small machine.
  await Promise.all(
    nodes.flatMap((node) =>
      [0, 1, 2, 3].map((number) => {
        let said = ''
        return poll(
          () => `${node.name} reaches node-${number}: ${said}`,
          REACH_MS,
          async () => {
            const response = await node.chat(`of-${number}`, 'hello')
            said = await response.text()
            return response.ok && response.headers.get('x-localai-node') === `node-${number}`
          },
        )
      }),
    ),
  )
  const { folder } = swarm.node('node-2').process
  writeFileSync(join(folder, 'models', 'new.yaml'), scriptedModel('new'))
  await poll('node-2 has read it', FOLDER_MS, async () => (await swarm.node('node-2').models()).includes('new'))
  await Promise.all(
    nodes.map((node) => poll(`${node.name} has heard`, CHANGE_MS, async () => (await node.models()).includes('new'))),
  )
})
