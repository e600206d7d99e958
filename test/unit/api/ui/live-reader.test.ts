import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Member } from '../../../../src/api/localai/p2p-nodes.ts'
import type { RequestSummary } from '../../../../src/api/ui/event-schema.ts'
import { createLiveReader, type LiveState } from '../../../../src/api/ui/live-reader.ts'
import { createNetworkPicture } from '../../../../src/api/ui/network-picture.ts'

const GB = 1e9

function member(
  name: string,
  more: { readonly serves?: boolean; readonly running?: number; readonly freeBytes?: number } = {},
) {
  const { serves = true, running = 0, freeBytes = 5 * GB } = more
  const view: Member = {
    peerId: `id-${name}`,
    name,
    addresses: [],
    offer: {
      ...{ version: 'v1', group: '', serves, models: [], backends: [], slots: 4 },
      ...{ memoryTotalBytes: 10 * GB, device: 'cpu', draining: false },
    },
    load: { running, queued: 0, memoryFreeBytes: freeBytes },
    ...{ lastSeenUnixMs: 1, state: 'linked', path: 'direct', roundTripMs: 1 },
  }
  return view
}

function request(id: string, state: RequestSummary['state'] = 'routing'): RequestSummary {
  const facts = { method: 'POST', path: '/', capability: 'chat', tries: 0, hedges: 0, seams: 0, queuedMs: 0 }
  return { id, startedAt: '2026-01-01T00:00:00.000Z', state, ...facts }
}

describe('what a page is told of the network', () => {
  it('is who is new, who tells something else, who is busier, and who is gone', () => {
    const picture = createNetworkPicture()
    const [a, b] = [member('a'), member('b')]
    assert.deepEqual(picture.look([a, b]), { told: ['id-a', 'id-b'], moved: [], gone: [] })
    assert.deepEqual(picture.look([a, b]), { told: [], moved: [], gone: [] })
    const busy = { ...a, load: { ...a.load, running: 2 } }
    assert.deepEqual(picture.look([busy, b]), { told: [], moved: ['id-a'], gone: [] })
    const draining = { ...busy, offer: { ...a.offer, draining: true } }
    assert.deepEqual(picture.look([draining]), { told: ['id-a'], moved: [], gone: ['id-b'] })
    assert.equal(picture.node('id-a')?.draining, true)
    assert.equal(picture.node('id-b'), undefined)
  })

  it('is not every tremble: the same words in another object, a little memory, a little round trip', () => {
    const picture = createNetworkPicture()
    picture.look([member('a')])
    const trembling = { ...member('a', { freeBytes: 5 * GB + 1e6 }), roundTripMs: 1.001, lastSeenUnixMs: 2 }
    assert.deepEqual(picture.look([trembling]), { told: [], moved: [], gone: [] })
    assert.equal(picture.figures('id-a')?.lastSeen, 2)
    assert.deepEqual(picture.look([member('a', { freeBytes: 4 * GB })]).moved, ['id-a'])
  })
})

function readerOf({ manages }: { readonly manages: boolean }) {
  const picture = createNetworkPicture()
  const requests: RequestSummary[] = [request('old', 'ended')]
  const state: LiveState = {
    ...{ picture, version: 'v1', program: 'npm start --', self: () => 'id-a' },
    standing: () => ({ networkId: 'n', addresses: [], findings: [] }),
    requests: () => requests,
    operations: () => [],
  }
  const reader = createLiveReader(state, { manages })
  const quiet = { standing: false, requests: [], operations: false }
  return {
    reader,
    look: (members: readonly Member[], news = {}) => reader.changed({ ...quiet, ...picture.look(members), ...news }),
  }
}

describe('one who watches', () => {
  it('is told everything first, and then what is new, once', () => {
    const { reader, look } = readerOf({ manages: true })
    look([member('a'), member('door', { serves: false })])
    const first = reader.take()
    assert.deepEqual(first?.reset, { version: 'v1', program: 'npm start --', self: 'id-a', manages: true })
    assert.deepEqual(
      first?.nodes?.map(({ name }) => name),
      ['a', 'door'],
    )
    assert.deepEqual(
      first?.requests?.map(({ id }) => id),
      ['old'],
    )
    assert.equal(reader.take(), undefined)
    look([member('a', { running: 1 })], { requests: [request('r')] })
    assert.deepEqual(reader.take(), {
      figures: [
        {
          ...{ id: 'id-a', state: 'linked', path: 'direct', roundTripMs: 1, running: 1, queued: 0 },
          memoryFree: 5 * GB,
          lastSeen: 1,
        },
      ],
      gone: ['id-door'],
      requests: [request('r')],
    })
    assert.equal(reader.take(), undefined)
  })

  it('gets what is then when it comes late, however much has happened', () => {
    const { reader, look } = readerOf({ manages: true })
    reader.take()
    for (let round = 0; round < 1000; round += 1) {
      look([member('a', { running: round % 5 })], { requests: [request(`r${round}`), request('same', 'answering')] })
    }
    look([member('a', { running: 3 })], { requests: [request('same', 'ended')] })
    const late = reader.take()
    assert.equal(late?.nodes?.[0]?.running, 3)
    assert.equal(late?.requests?.length, 300)
    assert.deepEqual(late?.requests?.at(-1), request('same', 'ended'))
  })

  it('sees only nodes that serve, and no requests, when it may not manage the node', () => {
    const { reader, look } = readerOf({ manages: false })
    look([member('a'), member('door', { serves: false })])
    const first = reader.take()
    assert.deepEqual(Object.keys(first ?? {}), ['reset', 'nodes'])
    assert.deepEqual(
      first?.nodes?.map(({ name }) => name),
      ['a'],
    )
    look([member('a'), member('door', { serves: false, running: 1 })], {
      requests: [request('r')],
      standing: true,
      operations: true,
    })
    assert.equal(reader.take(), undefined)
    look([member('a', { serves: false }), member('b', { serves: true })])
    const later = reader.take()
    assert.deepEqual([later?.nodes?.map(({ name }) => name), later?.gone], [['b'], ['id-a']])
  })
})
