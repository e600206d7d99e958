import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLiveness, type Liveness } from '../../../../src/p2p/membership/liveness.ts'
import { MEMBERSHIP_TIMINGS } from '../../../../src/p2p/membership/membership.ts'

/** A liveness with the product's times, and a clock that moves only here. */
function watch() {
  const liveness = createLiveness(MEMBERSHIP_TIMINGS)
  let now = 5000
  const told: string[] = []
  function note(transitions: ReturnType<Liveness['tick']>): void {
    for (const { peerId, to } of transitions) told.push(`${peerId} ${to}`)
  }
  note(liveness.tick(now))
  return {
    told,
    state: (peerId: string) => liveness.stateOf(peerId),
    open: (peerId: string) => note(liveness.opened(peerId, now)),
    hear: (peerId: string) => note(liveness.heard(peerId, now)),
    close: (peerId: string) => note(liveness.closed(peerId, now)),
    leave: (peerId: string) => note(liveness.left(peerId)),
    /** Ticks on time; `heard` peers speak every 600 ms. */
    run(ms: number, ...heard: string[]): void {
      for (let ticks = 0; ticks < ms / MEMBERSHIP_TIMINGS.tickMs; ticks += 1) {
        now += MEMBERSHIP_TIMINGS.tickMs
        if (ticks % 3 === 0) for (const peerId of heard) note(liveness.heard(peerId, now))
        note(liveness.tick(now))
      }
    },
    /** Nothing runs at all. */
    stall(ms: number): void {
      now += ms
    },
    tick: () => note(liveness.tick(now)),
  }
}

describe('liveness', () => {
  it('keeps a peer linked that is heard, and says so once', () => {
    const peers = watch()
    peers.open('a')
    peers.run(60_000, 'a')
    assert.deepEqual(peers.told, ['a linked'])
  })

  it('finds a peer silent within 3 s of its last byte, and gone within 10', () => {
    const peers = watch()
    peers.open('a')
    peers.run(1800)
    assert.equal(peers.state('a'), 'linked')
    peers.run(1200)
    assert.deepEqual(peers.told, ['a linked', 'a silent'])
    peers.run(5000)
    assert.equal(peers.state('a'), 'silent')
    peers.run(2000)
    assert.deepEqual(peers.told, ['a linked', 'a silent', 'a gone'])
    assert.equal(peers.state('a'), undefined)
  })

  it('finds a peer silent at once when its link is closed, and forgets it later', () => {
    const peers = watch()
    peers.open('a')
    peers.close('a')
    assert.deepEqual(peers.told, ['a linked', 'a silent'])
    peers.hear('a')
    assert.equal(peers.state('a'), 'silent', 'bytes of a closed link bring nobody back')
    peers.run(8000)
    assert.equal(peers.told.at(-1), 'a gone')
    peers.open('a')
    assert.equal(peers.told.at(-1), 'a linked')
  })

  it('lets a silent peer return with its first byte', () => {
    const peers = watch()
    peers.open('a')
    peers.run(4000)
    peers.hear('a')
    peers.run(1000)
    assert.deepEqual(peers.told, ['a linked', 'a silent', 'a linked'])
  })

  it('forgets a peer at its goodbye', () => {
    const peers = watch()
    peers.open('a')
    peers.leave('a')
    peers.leave('a')
    peers.close('a')
    peers.run(20_000)
    assert.deepEqual(peers.told, ['a linked', 'a gone'])
  })

  it('accuses nobody after it stood still itself', () => {
    for (const ms of [900, 3000, 60_000, 8 * 3600_000]) {
      const peers = watch()
      peers.open('a')
      peers.open('b')
      peers.run(1000, 'a', 'b')
      peers.close('b')
      peers.stall(ms)
      peers.tick()
      assert.equal(peers.state('a'), 'linked', `after ${ms} ms`)
      assert.equal(peers.state('b'), 'silent', 'what was silent is not forgotten for our own sleep either')
      peers.hear('a')
      peers.run(5000, 'a')
      assert.deepEqual(peers.told, ['a linked', 'b linked', 'b silent'])
    }
  })

  it('still finds out in time when the peer died during the stall', () => {
    const peers = watch()
    peers.open('a')
    peers.stall(60_000)
    peers.tick()
    peers.run(3000)
    assert.equal(peers.state('a'), 'silent')
  })
})
