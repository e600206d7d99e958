import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createKeyTable } from '../../../../src/federation/idempotency/key-table.ts'

const key = (digest: string) => ({ digest, bodyHash: `${digest} body` })

describe('the table of keys', () => {
  it('knows the last node that said so, for the length of the window', () => {
    let at = 0
    const table = createKeyTable({ now: () => at }, { windowMs: 100, maxKeys: 10, maxKeysOfNode: 10 })
    table.note('a', key('one'))
    at = 60
    table.note('b', key('one'))
    table.forget('a', 'one')
    at = 159
    assert.equal(table.find('one')?.peerId, 'b')
    at = 160
    assert.equal(table.find('one'), undefined)
    table.note('b', key('two'))
    table.forget('b', 'two')
    assert.equal(table.find('two'), undefined)
  })

  it('forgets the oldest when it is full, and of a node that tells too many that one’s', () => {
    const table = createKeyTable({ now: () => 0 }, { windowMs: 100, maxKeys: 4, maxKeysOfNode: 2 })
    for (const digest of ['1', '2', '3']) table.note('a', key(digest))
    assert.deepEqual(
      ['1', '2', '3'].map((digest) => table.find(digest)?.peerId),
      [undefined, 'a', 'a'],
    )
    for (const digest of ['4', '5']) table.note('b', key(digest))
    table.note('c', key('6'))
    const found = ['2', '3', '4', '5', '6'].map((digest) => table.find(digest)?.peerId)
    assert.deepEqual(found, [undefined, 'a', 'b', 'b', 'c'])
  })
})
