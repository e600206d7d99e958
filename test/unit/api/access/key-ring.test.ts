import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createKeyRing } from '../../../../src/api/access/key-ring.ts'

describe('the key ring', () => {
  it('knows whole keys only, and tells whose they are', () => {
    const ring = createKeyRing(['first', ' second ', '', 'first'])
    assert.equal(ring.find('first')?.role, 'admin')
    assert.match(ring.find('second')?.id ?? '', /^[0-9a-f]{16}$/)
    assert.notEqual(ring.find('first')?.id, ring.find('second')?.id)
    for (const wrong of ['', 'firs', 'first ', 'First', 'firstsecond']) assert.equal(ring.find(wrong), undefined, wrong)
  })

  it('takes other keys beside the fixed ones while the node runs', () => {
    const ring = createKeyRing(['fixed'])
    ring.replace(['a', 'b'])
    assert.deepEqual(
      [ring.find('fixed'), ring.find('a'), ring.find('b')].map((caller) => caller?.role),
      ['admin', 'admin', 'admin'],
    )
    ring.replace(['b'])
    assert.deepEqual(
      [ring.find('fixed') !== undefined, ring.find('a'), ring.find('b') !== undefined],
      [true, undefined, true],
    )
    ring.replace([])
    assert.equal(ring.isEmpty(), false)
  })

  it('is empty again when all of its keys have gone', () => {
    const ring = createKeyRing([])
    assert.equal(ring.isEmpty(), true)
    ring.replace(['x'])
    assert.equal(ring.isEmpty(), false)
    ring.replace([' '])
    assert.equal(ring.isEmpty(), true)
  })
})
