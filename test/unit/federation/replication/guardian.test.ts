import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { createGuardian, dueInMs, type Guardian } from '../../../../src/federation/replication/guardian.ts'
import type { PeerView } from '../../../../src/p2p/network.ts'
import { peerOf } from '../../../integration/fake-network.ts'

const request = { target: '/v1/responses', body: '{}', stamp: 's' }
const ward = (id: string) => ({ id, owner: null, home: 'id-a', incarnation: 1, request })

function home(state: PeerView['state'], incarnation = 1): PeerView {
  const view = peerOf('a', { state })
  return { ...view, record: { ...view.record, incarnation } }
}

describe('a guardian', () => {
  let at = 0
  let peers: readonly PeerView[] = []
  let taken: string[] = []
  let guardian: Guardian
  let changed = (): void => {}

  function see(...views: readonly PeerView[]): void {
    peers = views
    changed()
  }
  function pass(ms: number): void {
    at += ms
    mock.timers.tick(ms)
  }

  beforeEach(async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    at = 0
    taken = []
    peers = [home('linked')]
    const network = {
      peers: () => peers,
      onChange(listener: () => void) {
        changed = listener
        return () => {}
      },
    }
    guardian = createGuardian(
      { network, now: () => at, takeOver: ({ id }) => void taken.push(id) },
      { afterMs: 100, maxWards: 2, maxLength: 100 },
    )
    await guardian.start()
  })
  afterEach(async () => {
    await guardian.stop()
    mock.timers.reset()
  })

  it('takes over once what its node has left for long enough', () => {
    guardian.add(ward('one'))
    pass(1000)
    see(home('silent'))
    pass(99)
    see()
    assert.deepEqual(taken, [])
    pass(1)
    assert.deepEqual(taken, ['one'])
    see(home('linked'))
    see()
    pass(1000)
    assert.deepEqual(taken, ['one'])
  })

  it('takes nothing over when the node is back in time, or the work is done', () => {
    guardian.add(ward('one'))
    guardian.add(ward('two'))
    see()
    pass(60)
    see(home('linked'))
    pass(1000)
    see()
    guardian.release('two')
    pass(99)
    assert.deepEqual(taken, [])
    pass(1)
    assert.deepEqual(taken, ['one'])
  })

  it('waits no longer when the node was started anew', () => {
    guardian.add(ward('one'))
    see(home('linked', 2))
    assert.deepEqual(taken, ['one'])
  })

  it('watches over so many and no more', () => {
    assert.deepEqual([guardian.add(ward('1')), guardian.add(ward('2')), guardian.add(ward('3'))], [true, true, false])
    guardian.release('1')
    assert.equal(guardian.add({ ...ward('4'), request: { ...request, body: 'x'.repeat(101) } }), false)
  })

  it('knows when it is time', () => {
    assert.deepEqual(
      [dueInMs('there', 0, 100), dueInMs('gone', 30, 100), dueInMs('gone', 130, 100), dueInMs('born-again', 0, 100)],
      [Number.POSITIVE_INFINITY, 70, 0, 0],
    )
  })
})
