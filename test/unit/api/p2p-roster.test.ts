import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import Fastify from 'fastify'
import { rosterRoutes } from '../../../src/api/localai/p2p-roster.ts'
import type { Listed, RosterChange } from '../../../src/p2p/roster/roster.ts'

const idOf = (letter: string): string => `12D3KooW${letter.repeat(44)}`

/** The route, the changes that it has asked for, and one member, who calls itself what another node is. */
async function route(test: TestContext) {
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
  test.after(() => app.close())
  await app.register(rosterRoutes, { roster, present })
  const post = (payload: object) => app.inject({ method: 'POST', url: '/api/p2p/members', payload })
  return { changes, post }
}

it('a peer id is that node, though another has it for a name', async (test) => {
  const { changes, post } = await route(test)
  for (const list of ['admit', 'revoke']) {
    const answer = await post({ [list]: [idOf('n')] })
    assert.equal(answer.statusCode, 200)
  }
  const newcomer = [{ peerId: idOf('n'), name: '' }]
  assert.deepEqual([changes[0]?.admit, changes[1]?.remove], [newcomer, newcomer])
})

it('a change that says nothing is refused: a slip of the pen must not look like a removal', async (test) => {
  const { changes, post } = await route(test)
  const answer = await post({ revoked: [idOf('m')] })
  assert.equal(answer.json().code, 'request.invalid')
  assert.deepEqual(changes, [])
})
