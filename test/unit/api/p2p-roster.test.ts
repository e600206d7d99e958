import assert from 'node:assert/strict'
import { it } from 'node:test'
import Fastify from 'fastify'
import { rosterRoutes } from '../../../src/api/localai/p2p-roster.ts'
import type { Listed, RosterChange } from '../../../src/p2p/roster/roster.ts'

const idOf = (letter: string): string => `12D3KooW${letter.repeat(44)}`

it('a peer id is that node, though another has it for a name', async () => {
  const changes: RosterChange[] = []
  const roster = {
    isOwner: true,
    current: () => undefined,
    exclusionOf: () => undefined,
    knocks: () => [],
    decide: async (change: RosterChange) => void changes.push(change) as never,
  }
  const present = (): (Listed & { online: boolean })[] => [{ peerId: idOf('m'), name: idOf('n'), online: true }]
  const app = Fastify()
  await app.register(rosterRoutes, { roster, present })
  for (const list of ['admit', 'revoke']) {
    const answer = await app.inject({ method: 'POST', url: '/api/p2p/members', payload: { [list]: [idOf('n')] } })
    assert.equal(answer.statusCode, 200)
  }
  const newcomer = [{ peerId: idOf('n'), name: '' }]
  assert.deepEqual([changes[0]?.admit, changes[1]?.remove], [newcomer, newcomer])
  await app.close()
})
