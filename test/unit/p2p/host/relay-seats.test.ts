import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Scope } from '../../../../src/p2p/host/host-addresses.ts'
import { needsSeats } from '../../../../src/p2p/host/relay-seats.ts'

function needs(dialledFrom: readonly Scope[], connectedWith: readonly Scope[]): boolean {
  return needsSeats({ dialledFrom: new Set(dialledFrom), connectedWith: new Set(connectedWith) })
}

describe('a node', () => {
  it('needs relay seats as long as nobody has dialled it', () => {
    assert.equal(needs([], ['machine']), true)
    assert.equal(needs([], ['site']), true)
    assert.equal(needs([], ['world']), true)
  })

  it('needs them though a neighbour has dialled it, when others are farther away', () => {
    assert.equal(needs(['site'], ['site', 'world']), true)
    assert.equal(needs(['machine'], ['machine', 'site']), true)
    assert.equal(needs(['machine', 'site'], ['world']), true)
  })

  it('needs none when it was dialled from as far away as anybody is', () => {
    assert.equal(needs(['site'], ['site', 'machine']), false)
    assert.equal(needs(['world'], ['site', 'world']), false)
    assert.equal(needs(['world'], ['site']), false)
    assert.equal(needs(['machine'], []), false)
  })
})
