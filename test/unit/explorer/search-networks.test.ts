import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type StoredSummary, toClusters, toFigures } from '../../../src/explorer/listed-network.ts'
import { type NetworkQuery, type PublicNetwork, searchNetworks } from '../../../src/explorer/search-networks.ts'
import { isGivenUp, waitMs } from '../../../src/explorer/visit-plan.ts'

interface NodeInit {
  readonly group?: string
  readonly serves?: boolean
  readonly lends?: boolean
  readonly online?: boolean
}

function summaryOf(nodes: readonly NodeInit[], models: readonly string[] = []): StoredSummary {
  return {
    ...{ version: 1, madeAtUnixMs: 0, name: '', nodesLeftOut: 0, modelsLeftOut: 0 },
    models: models.map((name) => ({ name, capabilities: [], nodes: 1, loaded: 0 })),
    nodes: nodes.map((node, index) => ({
      ...{ id: String(index).padStart(16, '0'), group: '', serves: true, lends: false, online: true, draining: false },
      ...{ version: 'v1', models: 0, running: 0, slots: 1, memoryTotalBytes: 0 },
      ...node,
    })),
  }
}

function network(name: string, summary: StoredSummary, change: Partial<PublicNetwork> = {}): PublicNetwork {
  return {
    ...{ id: name, kind: 'view', name, description: `about ${name}`, open: false, addedAtUnixMs: 0, failures: 0 },
    ...{ nextVisitAtUnixMs: 0, visitedAtUnixMs: 0, seenAtUnixMs: 0, uptime: 1, summary },
    clusters: toClusters(summary),
    figures: toFigures(summary),
    ...change,
  }
}

const two = network('two', summaryOf([{ lends: true }, { group: 'b' }], ['llama']), { uptime: 0.5 })
const one = network('One', summaryOf([{}], ['qwen']), { addedAtUnixMs: 9, uptime: 0.9 })
const big = network('big', summaryOf([{}, {}, {}]), { uptime: 0.1 })
const none = network('none', summaryOf([{ serves: false }, { online: false }]))
const all = [none, one, big, two]
const names = (query: NetworkQuery) => searchNetworks(all, query).networks.map(({ name }) => name)

describe('the list of networks', () => {
  it('shows those that have somebody who works, the one with the most clusters first', () => {
    assert.deepEqual(names({}), ['two', 'big', 'One'])
  })

  it('groups nodes that are there as LocalAI does', () => {
    assert.deepEqual(
      two.clusters.map(({ Type, NetworkID, Workers }) => [Type, NetworkID, Workers.length]),
      [
        ['federated', '', 1],
        ['worker', '', 1],
        ['federated', 'b', 1],
      ],
    )
    assert.deepEqual(none.clusters, [])
    assert.deepEqual(none.figures, { nodes: 1, workers: 0, models: 0 })
  })

  it('finds all words in names, descriptions and models, in any case', () => {
    assert.deepEqual(names({ words: 'LLAMA' }), ['two'])
    assert.deepEqual(names({ words: 'about one' }), ['One'])
    assert.deepEqual(names({ words: 'about llama one' }), [])
    assert.deepEqual(names({ words: '  ' }), ['two', 'big', 'One'])
  })

  it('sorts by what it is asked, in either direction', () => {
    assert.deepEqual(names({ sort: 'name' }), ['big', 'One', 'two'])
    assert.deepEqual(names({ sort: 'name', order: 'desc' }), ['two', 'One', 'big'])
    assert.deepEqual(names({ sort: 'uptime' }), ['One', 'two', 'big'])
    assert.deepEqual(names({ sort: 'nodes', order: 'asc' }), ['One', 'two', 'big'])
    assert.deepEqual(names({ sort: 'added' }), ['One', 'big', 'two'])
  })

  it('gives pages, and the last one to whoever asks for more', () => {
    assert.deepEqual(searchNetworks(all, { items: 2, page: 2 }), { networks: [one], total: 3, page: 2, pages: 2 })
    assert.equal(searchNetworks(all, { items: 2, page: 99 }).page, 2)
    assert.deepEqual(searchNetworks([], {}), { networks: [], total: 0, page: 1, pages: 1 })
  })
})

describe('when a network is visited again', () => {
  const plan = { intervalMs: 60_000, threshold: 3 }
  it('is after a while, and after four times as long with each failure, up to an hour', () => {
    assert.deepEqual(
      [0, 1, 2, 3, 4, 50].map((failures) => waitMs(plan, failures, 0.5)),
      [60_000, 60_000, 240_000, 960_000, 3_600_000, 3_600_000],
    )
    assert.ok(waitMs(plan, 0, 0) < waitMs(plan, 0, 0.99))
  })
  it('is never, at the failure after the threshold', () => {
    assert.deepEqual(
      [3, 4].map((failures) => isGivenUp(plan, failures)),
      [false, true],
    )
    assert.equal(isGivenUp({ ...plan, threshold: 0 }, 1), true)
  })
})
