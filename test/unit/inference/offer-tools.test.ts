import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { offerTools } from '../../../src/inference/tools/offer-tools.ts'

const tool = (server: string, name: string) => ({ server, name, parameters: { type: 'object' }, repeatable: false })

describe('tools that are offered to a model', () => {
  it('keep their names where they can', () => {
    const offer = offerTools([tool('a', 'read'), tool('b', 'read'), tool('b', 'clock')], ['clock'])
    assert.deepEqual(
      offer.definitions.map(({ name }) => name),
      ['read', 'b_read', 'b_clock'],
    )
    assert.deepEqual(offer.find('b_read'), tool('b', 'read'))
    assert.equal(offer.find('clock'), undefined)
  })

  it('have names that every dialect passes on, and no two the same', () => {
    const long = 'x'.repeat(100)
    const tools = [
      tool('a', long),
      tool('a b', long),
      tool('a.b', long),
      tool('c', 'files/read'),
      tool('c', 'files.read'),
    ]
    const names = offerTools(tools, []).definitions.map(({ name }) => name)
    assert.equal(new Set(names).size, tools.length)
    for (const name of names) assert.match(name, /^[\w-]{1,64}$/)
  })
})
