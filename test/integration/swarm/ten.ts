import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { poll } from '../../support/poll.ts'
import { type Swarm, scriptedModel } from '../../support/swarm.ts'

// Ten processes on few cores: how fast it is, bench/scale.ts measures. Here it must come to pass.
const REACH_MS = 15_000
const FOLDER_MS = 15_000
const CHANGE_MS = 5000

const SERVING = ['ada', 'bob', 'cyd', 'dan']
const ENTRIES = ['door']
const JOINING = ['eli', 'fay', 'gil', 'hal', 'ivy']

export function tenTests(swarmOf: () => Swarm): void {
  it('five more that know one address and come at once become part of it, and a change reaches all', async () => {
    const swarm = swarmOf()
    await Promise.all(JOINING.map((name) => swarm.add({ name, entry: true })))
    await swarm.settled()
    const nodes = [...SERVING, ...ENTRIES, ...JOINING].map((name) => swarm.node(name))
    assert.equal(nodes.length, 10)
    for (const node of nodes) {
      const models = await node.models()
      for (const name of SERVING) assert.ok(models.includes(`of-${name}`), `${node.name}: ${models}`)
    }
    // Every link is used. Forty requests at once may find a node too busy to be heard on a small machine.
    await Promise.all(
      nodes.flatMap((node) =>
        SERVING.map((name) => {
          let said = ''
          return poll(
            () => `${node.name} reaches ${name}: ${said}`,
            REACH_MS,
            async () => {
              const response = await node.chat(`of-${name}`, 'hello')
              said = await response.text()
              return response.ok && response.headers.get('x-localai-node') === name
            },
          )
        }),
      ),
    )
    const cyd = swarm.node('cyd')
    writeFileSync(join(cyd.process.folder, 'models', 'new.yaml'), scriptedModel('new'))
    await poll('cyd has read it', FOLDER_MS, async () => (await cyd.models()).includes('new'))
    await Promise.all(
      nodes.map((node) => poll(`${node.name} has heard`, CHANGE_MS, async () => (await node.models()).includes('new'))),
    )
  })
}
