import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toShownPeers, toShownStatus } from '../../../src/cli/commands/p2p/network-answers.ts'

test('what a peer calls itself cannot write to the terminal', () => {
  const [peer] = toShownPeers({
    members: [{ name: '\u001b[2Jone\u202etwo\u009b', state: 'linked', models: [{ name: 'm\n' }, 'n'] }],
  })
  assert.equal(peer?.name, '[2Jonetwo')
  assert.deepEqual(peer?.models, ['m', 'n'])
})

test('the node itself is not among its peers, and odd answers are none', () => {
  assert.deepEqual(toShownPeers({ members: [{ name: 'me', state: 'self' }] }), [])
  for (const answer of [undefined, null, 7, [], { members: 'x' }, { members: [null, 3] }]) {
    assert.deepEqual(toShownPeers(answer), [])
  }
  assert.equal(toShownStatus({ enabled: false }), undefined)
})
