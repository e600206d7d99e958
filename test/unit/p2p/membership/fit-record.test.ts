import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fitRecord, toLeavingRecord } from '../../../../src/p2p/membership/fit-record.ts'
import type { ModelAdvert, NodeRecord } from '../../../../src/p2p/membership/node-record.ts'
import { parseRecord, RECORD_BOUNDS } from '../../../../src/p2p/membership/record-schema.ts'
import { OFFER, recordOf } from './records.ts'

const PEER = '12D3KooWJ4gHXVJ3uXKrYaLsGf1XqYrbFEHnS4wusLQDNvMPbUyH'

function withModels(count: number, more: Partial<ModelAdvert>): NodeRecord {
  const models = Array.from({ length: count }, (_, index) => ({
    ...{ name: `model-${index}`, loaded: false, capabilities: ['chat', 'completion'] },
    ...more,
  }))
  return recordOf(PEER, { offer: { ...OFFER, models } })
}

function isAccepted(record: NodeRecord): boolean {
  return parseRecord(Buffer.from(JSON.stringify(record))) !== undefined
}

describe('a record of this node', () => {
  it('that fits is left as it is', () => {
    const record = withModels(3, { description: 'short', contextSize: 10 })
    assert.deepEqual(fitRecord(record), { record, modelsLeftOut: 0 })
  })

  it('loses descriptions first, then details, then models', () => {
    const rich = { description: 'x'.repeat(200), fileHash: 'a'.repeat(64), fileSizeBytes: 1, contextSize: 4096 }
    const some = fitRecord(withModels(300, rich))
    assert.equal(some.record.offer.models[0]?.description, undefined)
    assert.equal(some.record.offer.models[0]?.contextSize, 4096)
    const many = fitRecord(withModels(512, rich))
    assert.equal(many.record.offer.models[0]?.contextSize, undefined)
    assert.equal(many.record.offer.models.length, 512)
    const long = fitRecord({ ...withModels(1, {}), offer: { ...OFFER, models: longNames(1000) } })
    assert.ok(long.record.offer.models.length > 100)
    assert.equal(long.record.offer.models.length + long.modelsLeftOut, 1000)
    for (const { record } of [some, many, long]) assert.ok(isAccepted(record))
  })

  it('is accepted by others whatever the node is called and has', () => {
    const { record, modelsLeftOut } = fitRecord(
      recordOf(PEER, {
        name: `a\u001b[2J${'😀'.repeat(300)}`,
        addresses: Array.from({ length: 40 }, (_, port) => `/ip4/10.0.0.1/tcp/${port}`),
        offer: {
          ...OFFER,
          device: 'x'.repeat(1000),
          slots: 2.5,
          backends: ['', 'bad\nname', 'good'],
          models: [
            { name: 'bad\u0000name', loaded: false, capabilities: [] },
            { name: 'good', loaded: false, capabilities: [], description: 'line one\nline two'.padEnd(600, 'x') },
          ],
        },
      }),
    )
    assert.ok(isAccepted(record))
    assert.equal(modelsLeftOut, 1)
    assert.deepEqual(record.offer.backends, ['good'])
    assert.doesNotMatch(record.name, /[\ud800-\udbff]$/)
  })

  it('says little when it leaves, and is newer than all before', () => {
    const leaving = toLeavingRecord(recordOf(PEER, { sequence: 9 }))
    assert.ok(leaving.leaving && leaving.sequence === 10 && leaving.offer.models.length === 0)
    const worst = { ...leaving, name: '"'.repeat(RECORD_BOUNDS.nameLength) }
    const offer = {
      ...worst.offer,
      group: '"'.repeat(RECORD_BOUNDS.nameLength),
      device: '語'.repeat(RECORD_BOUNDS.nameLength),
    }
    assert.ok(Buffer.byteLength(JSON.stringify({ ...worst, offer })) < 3500, 'it fits into a tombstone')
    assert.ok(isAccepted({ ...worst, offer }))
  })
})

function longNames(count: number): ModelAdvert[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ name: `${index}`.padEnd(250, 'n'), loaded: false, capabilities: [] },
  }))
}
