import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { listNetworkModels } from '../../../src/federation/network-models.ts'
import { makeModel, makePeer } from './make-peer.ts'

describe('the models of the network', () => {
  test('are the union, each with its nodes, in an order that never changes', () => {
    const peers = [
      makePeer('beta', { models: [makeModel('m', { created: 20, capabilities: ['chat'] }), makeModel('Z')] }),
      makePeer('alpha', { models: [makeModel('m', { created: 10, description: 'small', capabilities: ['vision'] })] }),
    ]
    const expected = [
      { name: 'Z', created: 0, capabilities: ['chat', 'completion'], nodes: ['beta'] },
      { name: 'm', created: 10, description: 'small', capabilities: ['chat', 'vision'], nodes: ['alpha', 'beta'] },
    ]
    assert.deepEqual(listNetworkModels(peers, ''), expected)
    assert.deepEqual(listNetworkModels(peers.toReversed(), ''), expected)
  })

  test('a date that one node does not tell is told by another', () => {
    const peers = [makePeer('a', { models: ['m'] }), makePeer('b', { models: [makeModel('m', { created: 5 })] })]
    assert.equal(listNetworkModels(peers, '')[0]?.created, 5)
    assert.equal(listNetworkModels(peers.toReversed(), '')[0]?.created, 5)
  })

  test('only what could be asked for now is there', () => {
    const models = ['m']
    const peers = [
      makePeer('a', { models, state: 'silent' }),
      makePeer('b', { models, draining: true }),
      makePeer('c', { models, serves: false }),
      makePeer('d', { models, group: 'blue' }),
    ]
    assert.deepEqual(listNetworkModels(peers, ''), [])
    assert.deepEqual(
      listNetworkModels(peers, 'blue').map(({ nodes }) => nodes),
      [['d']],
    )
  })

  test('two nodes of one name are one name', () => {
    const twin = makePeer('a', { models: ['m'] })
    assert.deepEqual(listNetworkModels([twin, twin], '')[0]?.nodes, ['a'])
  })
})
