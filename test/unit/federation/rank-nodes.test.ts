import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rankNodes } from '../../../src/federation/rank-nodes.ts'

const NODES = ['a', 'b', 'c', 'd', 'e']
const KEYS = Array.from({ length: 400 }, (_, index) => `key ${index}`)

describe('the order in which nodes keep something', () => {
  it('is the same for everybody, and each node is first for its share', () => {
    const counts = new Map<string, number>()
    for (const key of KEYS) {
      const [first = ''] = rankNodes(key, NODES)
      assert.deepEqual(rankNodes(key, NODES.toReversed()), rankNodes(key, [...NODES, ...NODES]))
      counts.set(first, (counts.get(first) ?? 0) + 1)
    }
    for (const node of NODES) assert.ok((counts.get(node) ?? 0) > KEYS.length / NODES.length / 2, node)
  })

  it('changes only where the lost node was', () => {
    for (const key of KEYS) {
      const without = rankNodes(key, NODES).filter((node) => node !== 'c')
      assert.deepEqual(
        rankNodes(
          key,
          NODES.filter((node) => node !== 'c'),
        ),
        without,
      )
    }
  })
})
