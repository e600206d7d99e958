import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createBookings } from '../../../src/federation/bookings.ts'
import { makePeer } from './make-peer.ts'

const load = (running: number, queued = 0) => [makePeer('a', { load: { running, queued } })]

describe('bookings', () => {
  test('count from the moment they are made, and are given back once', () => {
    const bookings = createBookings()
    const [first, second] = [bookings.book('id-a'), bookings.book('id-a')]
    assert.equal(bookings.busy('id-a'), 2)
    first()
    first()
    assert.equal(bookings.busy('id-a'), 1)
    second()
    assert.equal(bookings.busy('id-a'), 0)
    assert.equal(bookings.busy('id-b'), 0)
  })

  test('what a node tells of itself counts: running and queued, and it may be of others', () => {
    const bookings = createBookings()
    bookings.observe(load(2, 3))
    assert.equal(bookings.busy('id-a'), 5)
    bookings.book('id-a')
    assert.equal(bookings.busy('id-a'), 6)
  })

  test('our own that it has told of are not counted twice', () => {
    const bookings = createBookings()
    const releases = [bookings.book('id-a'), bookings.book('id-a'), bookings.book('id-a')]
    bookings.observe(load(5))
    assert.equal(bookings.busy('id-a'), 5, 'three of ours, two of others')
    bookings.book('id-a')
    assert.equal(bookings.busy('id-a'), 6)
    for (const release of releases) release()
    assert.equal(bookings.busy('id-a'), 3, 'without waiting for the next heartbeat')
  })

  test('a load told before ours arrived there hides none of them', () => {
    const bookings = createBookings()
    for (let count = 0; count < 4; count += 1) bookings.book('id-a')
    bookings.observe(load(0))
    assert.equal(bookings.busy('id-a'), 4)
  })

  test('the same load again is no news', () => {
    const bookings = createBookings()
    const peers = load(1)
    bookings.observe(peers)
    const release = bookings.book('id-a')
    bookings.observe(peers)
    assert.equal(bookings.busy('id-a'), 2)
    release()
    assert.equal(bookings.busy('id-a'), 1)
  })

  test('an equal load that is told anew holds all that was booked before', () => {
    const bookings = createBookings()
    bookings.observe(load(5))
    for (let count = 0; count < 5; count += 1) bookings.book('id-a')
    assert.equal(bookings.busy('id-a'), 10)
    bookings.observe(load(5))
    assert.equal(bookings.busy('id-a'), 5, "others' five are done, ours have taken their place")
  })

  test('a node that is gone is forgotten, with requests of ours under way it is not', () => {
    const bookings = createBookings()
    bookings.observe(Array.from({ length: 9 }, (_, at) => makePeer(`n${at}`, { load: { running: 7 } })))
    const release = bookings.book('id-n0')
    bookings.observe([makePeer('z')])
    assert.equal(bookings.busy('id-n0'), 8)
    assert.equal(bookings.busy('id-n1'), 0)
    release()
  })
})
