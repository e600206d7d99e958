import { after, before, describe } from 'node:test'
import { newToken, type Swarm, startSwarm } from '../support/swarm.ts'
import { lifeTests } from './swarm/life.ts'
import { streamTests } from './swarm/streams.ts'
import { tenTests } from './swarm/ten.ts'

/** Two nodes have `shared`; each has one of its own. To start a process costs more than most of these tests. */
describe('a network of processes', { timeout: 360_000 }, () => {
  let swarm: Swarm
  before(async () => {
    swarm = await startSwarm([
      { name: 'ada', scripted: ['shared', 'of-ada', 'left', 'unread'] },
      { name: 'bob', scripted: ['shared', 'of-bob'] },
      { name: 'door', entry: true },
      { name: 'eve', scripted: ['of-eve'], token: await newToken() },
    ])
  })
  after(() => swarm[Symbol.asyncDispose]())

  describe('streams from one node to the other', () => streamTests(() => swarm))
  describe('nodes that come and go', () => lifeTests(() => swarm))
  describe('ten nodes', () => tenTests(() => swarm))
})
