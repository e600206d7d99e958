import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createPeerTable } from '../../../../src/p2p/membership/peer-table.ts'
import { silentLog } from '../../../support/p2p/hosts.ts'
import { makePeer } from '../../federation/make-peer.ts'

it('a load that is reported again is news, and that there is still none is not', () => {
  const table = createPeerTable({ log: silentLog })
  const view = makePeer('a')
  let changes = 0
  table.onChange(() => {
    changes += 1
  })
  const report = (running: number) => table.set('a', { ...view, load: { running, queued: 0, memoryFreeBytes: 7 } })
  report(0)
  report(0)
  assert.equal(changes, 1)
  report(5)
  const first = table.get('a')?.load
  report(5)
  assert.equal(changes, 3)
  assert.notEqual(table.get('a')?.load, first)
  table.set('a', { ...view, load: table.get('a')?.load ?? view.load })
  assert.equal(changes, 3, 'no report at all')
  report(0)
  report(0)
  assert.equal(changes, 4)
})

it('that a node keeps other prompts is news, also while it has nothing to do', () => {
  const table = createPeerTable({ log: silentLog })
  const view = makePeer('a')
  let changes = 0
  table.onChange(() => {
    changes += 1
  })
  const prefixes = [1, 2]
  for (const told of [undefined, prefixes, prefixes, [1, 2, 3]]) {
    const load = { running: 0, queued: 0, memoryFreeBytes: 7 }
    table.set('a', { ...view, load: told === undefined ? load : { ...load, prefixes: told } })
  }
  assert.equal(changes, 3)
})
