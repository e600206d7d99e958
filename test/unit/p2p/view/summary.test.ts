import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NodeOffer } from '../../../../src/p2p/membership/node-record.ts'
import { makeSummary, type SummarizedNode } from '../../../../src/p2p/view/make-summary.ts'
import { parseSummary, SUMMARY_BOUNDS } from '../../../../src/p2p/view/public-summary.ts'
import { createViewerSeats } from '../../../../src/p2p/view/viewer-seats.ts'

const INIT = { name: 'lab', secret: Buffer.alloc(32, 7), nowUnixMs: 1_700_000_000_000 }

function nodeOf(peerId: string, change: Partial<NodeOffer> = {}, state: SummarizedNode['state'] = 'linked') {
  const offer: NodeOffer = {
    ...{ version: 'v1', group: '', serves: true, models: [], backends: [], slots: 4, memoryTotalBytes: 8e9 },
    ...{ device: 'secret device', draining: false, viewable: true },
    ...change,
  }
  const addresses = [`/ip4/192.0.2.1/tcp/7946`, '/ip4/127.0.0.1/tcp/7946', '/p2p/x/p2p-circuit/p2p/y']
  const record = { peerId, addresses, offer }
  return { record, state, load: { running: 1, queued: 0, memoryFreeBytes: 0 } }
}

function model(name: string, loaded = false) {
  return { name, loaded, capabilities: ['chat'], description: 'a secret', fileHash: 'ab'.repeat(32) }
}

function throughWire(nodes: readonly SummarizedNode[], name = INIT.name) {
  const bytes = Buffer.from(JSON.stringify(makeSummary(nodes, { ...INIT, name })))
  assert.ok(bytes.length <= SUMMARY_BOUNDS.bytes)
  const summary = parseSummary(bytes)
  assert.ok(summary)
  return summary
}

describe('the public summary', () => {
  it('counts models of nodes that serve and are there, the most common first', () => {
    const summary = throughWire([
      nodeOf('a', { models: [model('one'), model('two', true)] }),
      nodeOf('b', { models: [model('two')] }),
      nodeOf('c', { models: [model('two')] }, 'silent'),
      nodeOf('d', { models: [model('private')], serves: false }),
    ])
    assert.deepEqual(
      summary.models.map(({ name, nodes, loaded }) => [name, nodes, loaded]),
      [
        ['two', 2, 1],
        ['one', 1, 0],
      ],
    )
    assert.equal(summary.nodes.length, 4)
    assert.equal(summary.nodes.filter(({ online }) => online).length, 3)
    assert.equal(summary.name, 'lab')
  })

  it('tells no name, no peer id, no device and no description of a node', () => {
    const peerId = '12D3KooWsecretpeer'
    const summary = throughWire([nodeOf(peerId, { models: [model('one')] })])
    const { places, ...shown } = summary
    assert.deepEqual(places, [`/ip4/192.0.2.1/tcp/7946/p2p/${peerId}`])
    assert.ok(!/secret/.test(JSON.stringify(shown)), JSON.stringify(shown))
    assert.match(summary.nodes[0]?.id ?? '', /^[0-9a-f]{16}$/)
    assert.equal(throughWire([nodeOf(peerId)]).nodes[0]?.id, summary.nodes[0]?.id)
  })

  it('names as places only members that answer viewers', () => {
    assert.deepEqual(throughWire([nodeOf('a', { viewable: false }), nodeOf('b', {}, 'silent')]).places, [])
  })

  it('stays within its bounds, and tells how much it left out', () => {
    const models = Array.from({ length: 512 }, (_, index) => model(`${index}${'\u20ac'.repeat(250)}`))
    const nodes = Array.from({ length: 256 }, (_, index) => nodeOf(`node-${index}`, { models, group: 'g'.repeat(256) }))
    const summary = throughWire(nodes, `na\u202eme${'n'.repeat(500)}`)
    assert.equal(summary.nodes.length + summary.nodesLeftOut, 256)
    assert.equal(summary.models.length + summary.modelsLeftOut, 512)
    assert.ok(!summary.name.includes('\u202e'))
  })

  it('can be read, whatever one member says of its load', () => {
    const mad = { ...nodeOf('b'), load: { running: 2 ** 32 - 1, queued: 2 ** 32 - 1, memoryFreeBytes: 0 } }
    assert.equal(throughWire([nodeOf('a'), mad]).nodes.length, 2)
  })

  it('is not read from bytes that are too many, malformed or out of bounds', () => {
    const good = makeSummary([nodeOf('a')], INIT)
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value))
    assert.ok(parseSummary(encode(good)))
    assert.equal(parseSummary(Buffer.alloc(SUMMARY_BOUNDS.bytes + 1, 0x20)), undefined)
    assert.equal(parseSummary(Buffer.from([0xff])), undefined)
    for (const change of [
      { name: 'a\nb' },
      { nodes: Array.from({ length: 201 }, () => good.nodes[0]) },
      { nodes: [{ ...good.nodes[0], id: '<script>' }] },
      { version: 2 },
      { places: ['javascript:1'] },
      { nodesLeftOut: -1 },
    ]) {
      assert.equal(parseSummary(encode({ ...good, ...change })), undefined, JSON.stringify(change).slice(0, 60))
    }
    assert.equal(Object.hasOwn(parseSummary(encode({ ...good, more: 1 })) ?? {}, 'more'), false)
  })
})

describe('the seats of viewers', () => {
  it('are few at a time, few for one host, and free again later', () => {
    let now = 0
    const seats = createViewerSeats({ now: () => now }, { atOnce: 2, perHost: 3, windowMs: 1000 })
    const first = seats.take('a')
    const second = seats.take('b')
    assert.ok(first && second)
    assert.equal(seats.take('c'), undefined)
    first()
    first()
    const third = seats.take('a')
    assert.ok(third)
    assert.equal(seats.take('c'), undefined, 'a seat that is given back twice is one seat')
    third()
    seats.take('a')?.()
    assert.equal(seats.take('a'), undefined, 'three within the window')
    seats.take('c')?.()
    now = 1001
    assert.ok(seats.take('a'))
  })
})
