import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { backOffMs } from '../../../../src/p2p/discovery/back-off.ts'
import { createDialBook, DIAL_BOOK_DEFAULTS } from '../../../../src/p2p/discovery/dial-book.ts'

const EVEN = 0.5

describe('backOffMs', () => {
  const backOff = { firstMs: 250, factor: 1.5, mostMs: 15_000 }
  it('grows to its limit', () => {
    const waits = [1, 2, 3, 20].map((failures) => backOffMs(backOff, failures, EVEN))
    assert.deepEqual(waits, [250, 375, 562.5, 15_000])
  })
  it('differs from node to node by up to a quarter', () => {
    assert.deepEqual([backOffMs(backOff, 1, 0), backOffMs(backOff, 1, 1)], [187.5, 312.5])
  })
})

describe('the dial book', () => {
  const a = { peerId: 'a', addresses: ['/a/1'] }

  it('gives each peer once, the longest waiting first, not before it is due', () => {
    const book = createDialBook()
    book.offer(a, 10, 200)
    book.offer({ peerId: 'b', addresses: ['/b/1'] }, 20)
    assert.equal(book.nextDueAt(), 20)
    assert.deepEqual(book.take(20), { key: 'b', peerId: 'b', addresses: ['/b/1'] })
    assert.equal(book.take(209), undefined)
    book.offer(a, 210)
    assert.equal(book.take(210)?.key, 'a')
    assert.equal(book.take(10_000), undefined)
  })

  it('backs off after failures, however often the same hint comes', () => {
    const book = createDialBook()
    book.offer(a, 0)
    const dials: number[] = []
    for (let now = 0; now < 10_000; now += 100) {
      book.offer(a, now)
      if (book.take(now) === undefined) continue
      dials.push(now)
      book.failed('a', now, EVEN)
    }
    assert.deepEqual(dials, [0, 500, 1500, 3500, 7500])
  })

  it('takes a new address as news', () => {
    const book = createDialBook()
    book.offer(a, 0)
    for (let count = 0; count < 5; count += 1) {
      book.take(1e5 * count)
      book.failed('a', 1e5 * count, EVEN)
      book.offer(a, 1e5 * count)
    }
    const now = 4e5 + 1
    assert.equal(book.take(now), undefined)
    book.offer({ peerId: 'a', addresses: ['/a/2'] }, now)
    assert.deepEqual(book.take(now)?.addresses, ['/a/2', '/a/1'])
  })

  it('dials at once whom it has lost, also after hours', () => {
    const book = createDialBook()
    book.offer(a, 0)
    book.take(0)
    book.connected('a')
    assert.equal(book.take(1e9), undefined)
    book.lost('a', 1e9, EVEN)
    assert.equal(book.take(1e9)?.key, 'a')
    book.lost('stranger', 1e9, EVEN)
    assert.equal(book.take(1e9), undefined)
  })

  it('dials at once also whom it has lost while it looked for a better way', () => {
    const book = createDialBook()
    book.offer(a, 0)
    for (let now = 0; now < 100_000; now += 100) {
      // Through a relay: connected, and tried again later.
      if (book.take(now) !== undefined) book.failed('a', now, EVEN)
    }
    assert.ok((book.nextDueAt() ?? 0) > 110_000)
    book.lost('a', 100_000, EVEN)
    assert.equal(book.take(100_000)?.key, 'a')
  })

  it('backs off from who takes connections and keeps none, and is at once there for who kept the last one', () => {
    const book = createDialBook()
    book.offer(a, 0)
    const dials: number[] = []
    const dialUntil = (end: number, begin = 0): void => {
      for (let now = begin; now < end; now += 10) {
        if (book.take(now) === undefined) continue
        dials.push(now)
        book.connected('a')
        book.lost('a', now + 10, EVEN)
      }
    }
    dialUntil(9000)
    assert.deepEqual(dials, [0, 10, 520, 1530, 3540, 7550])
    assert.equal(book.take(20_000)?.key, 'a')
    book.connected('a')
    book.lost('a', 60_000, EVEN)
    assert.equal(book.take(60_000)?.key, 'a')
  })

  it('forgets whom nobody speaks of any more', () => {
    const book = createDialBook()
    book.offer(a, 0)
    book.take(0)
    book.failed('a', 0, EVEN)
    assert.equal(book.take(DIAL_BOOK_DEFAULTS.forgetMs + 1), undefined)
    assert.equal(book.nextDueAt(), undefined)
  })

  it('is bounded in peers and addresses, and keeps those that are connected', () => {
    const book = createDialBook({ ...DIAL_BOOK_DEFAULTS, maxPeers: 3, maxAddresses: 2 })
    book.offer({ peerId: 'a', addresses: ['/1', '/2', '/3'] }, 0)
    assert.deepEqual(book.take(0)?.addresses, ['/1', '/2'])
    book.connected('a')
    for (let index = 0; index < 10; index += 1) book.offer({ peerId: `p${index}`, addresses: ['/x'] }, 1 + index)
    const left: (string | undefined)[] = []
    for (let next = book.take(100); next !== undefined; next = book.take(100)) left.push(next.key)
    assert.deepEqual(left, ['p8', 'p9'])
    book.lost('a', 100, EVEN)
    assert.equal(book.take(100)?.key, 'a')
  })

  for (const fakes of [100, 1000]) {
    it(`dials within seconds whom one member tells of, while another tells of ${fakes} that do not answer`, () => {
      const book = createDialBook()
      const dialling = new Map<string, number>()
      const [toldAt, lostAt] = [60_000, 120_000]
      const foundAt: number[] = []
      function step(now: number): void {
        if (now % 2000 === 0) {
          for (let fake = 0; fake < fakes; fake += 1) {
            book.offer({ peerId: `fake ${fake}`, addresses: ['/x'], source: 'mal' }, now)
          }
          if (now >= toldAt) book.offer({ ...a, source: 'b' }, now)
        }
        if (now === lostAt) book.lost('a', now, EVEN)
        for (const [key, until] of dialling) {
          if (until > now) continue
          dialling.delete(key)
          book.failed(key, now, EVEN)
        }
        while (dialling.size < 8) {
          const next = book.take(now)
          if (next === undefined) return
          if (next.key === 'a') {
            foundAt.push(now)
            book.connected('a')
          } else dialling.set(next.key, now + 3000)
        }
      }
      for (let now = 0; now < 180_000; now += 100) step(now)
      const waits = [(foundAt[0] ?? Infinity) - toldAt, (foundAt[1] ?? Infinity) - lostAt]
      assert.ok(Math.max(...waits) <= 3000, `waited ${waits.join(' and ')} ms`)
      assert.equal(foundAt.length, 2)
    })
  }

  it('goes by the address where no peer id is known', () => {
    const book = createDialBook()
    book.offer({ addresses: ['/x'] }, 0)
    assert.deepEqual(book.take(0), { key: '/x', addresses: ['/x'] })
    book.connected('/x')
    book.offer({ addresses: ['/x'] }, 1)
    assert.equal(book.take(1)?.key, '/x')
    book.offer({ addresses: [] }, 2)
    assert.equal(book.take(2), undefined)
  })
})
