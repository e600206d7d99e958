import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { changed, exclusionOf, type Listed, parseRoster, type Roster } from '../../../../src/p2p/roster/roster.ts'

const NETWORK = '0123456789abcdef0123456789abcdef'
const idOf = (letter: string): string => `12D3KooW${letter.repeat(44)}`
const one = (letter: string, name = letter): Listed => ({ peerId: idOf(letter), name })
const [A, B, C, D] = [one('a'), one('b'), one('c'), one('d')]
const now = (present: readonly Listed[]) => ({ networkId: NETWORK, unixMs: 1000, present })
const lettersOf = (list: readonly Listed[]): string => list.map(({ peerId }) => peerId.at(-1)).join('')

describe('who may be in a network', () => {
  it('is everybody with the token, until the owner has removed somebody', () => {
    assert.equal(exclusionOf(undefined, A.peerId), undefined)
    const roster = changed(undefined, { remove: [B] }, now([A, B, C]))
    assert.deepEqual([roster.number, roster.open, lettersOf(roster.admitted)], [1, false, 'ac'])
    assert.equal(exclusionOf(roster, A.peerId), undefined)
    assert.equal(exclusionOf(roster, B.peerId), 'removed')
    assert.equal(exclusionOf(roster, D.peerId), 'not-admitted')
  })

  it('stays who it was when the network is closed already, and grows by those that are admitted', () => {
    const first = changed(undefined, { remove: [B] }, now([A, B]))
    // Somebody who is in the network though nobody admitted it is on its way out.
    const second = changed(first, { admit: [C] }, now([A, D]))
    assert.deepEqual([second.number, lettersOf(second.admitted), lettersOf(second.removed)], [2, 'ac', 'b'])
    const third = changed(second, { admit: [B] }, now([]))
    assert.deepEqual([lettersOf(third.admitted), lettersOf(third.removed)], ['acb', ''])
  })

  it('is everybody again but the removed when the owner opens it, and closes again with the next removal', () => {
    const closed = changed(undefined, { remove: [B] }, now([A, B]))
    const open = changed(closed, { open: true }, now([A]))
    assert.equal(exclusionOf(open, D.peerId), undefined)
    assert.equal(exclusionOf(open, B.peerId), 'removed')
    const again = changed(open, { remove: [A] }, now([A, D]))
    assert.deepEqual([again.open, lettersOf(again.admitted), lettersOf(again.removed)], [false, 'd', 'ba'])
  })

  it('is, when it is closed, who is there then, and not who came by while it was open', () => {
    const first = changed(undefined, { admit: [A] }, now([A, D]))
    assert.equal(first.open, true)
    const second = changed(first, { open: true }, now([A, D]))
    const closed = changed(second, { remove: [B] }, now([A, B, C]))
    assert.equal(lettersOf(closed.admitted), 'ac')
  })

  it('keeps the last name that was known', () => {
    const renamed = changed(undefined, { admit: [one('a', 'old'), one('a', ''), one('a', 'n'.repeat(300))] }, now([]))
    assert.deepEqual(
      renamed.admitted.map(({ name }) => name.length),
      [63],
    )
  })

  it('has room for all of them, however they call themselves', () => {
    const letters = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
    const idAt = (at: number) => `12D3KooW${'a'.repeat(42)}${letters[Math.floor(at / 58)]}${letters[at % 58]}`
    const crowd = (from: number, name: string) =>
      Array.from({ length: 400 }, (_, at): Listed => ({ peerId: idAt(from + at), name }))
    for (const name of ['n'.repeat(63), '\ud83d'.repeat(63), '"'.repeat(63), '名'.repeat(63), 'a😀'.repeat(63)]) {
      const roster = changed(undefined, { remove: crowd(0, name) }, now(crowd(400, name)))
      assert.deepEqual([roster.admitted.length, roster.removed.length], [400, 400])
      assert.deepEqual(parseRoster(Buffer.from(JSON.stringify(roster))), roster)
    }
    const few = changed(undefined, { remove: crowd(0, 'n'.repeat(63)).slice(0, 9) }, now([]))
    assert.equal(few.removed[0]?.name.length, 63)
    assert.equal(
      changed(undefined, { admit: [one('a', `${'n'.repeat(62)}😀`)] }, now([])).admitted[0]?.name.isWellFormed(),
      true,
    )
  })

  it('is bounded', () => {
    const roster: Roster = changed(undefined, { remove: [B] }, now([A, B]))
    const read = (value: unknown) => parseRoster(Buffer.from(JSON.stringify(value)))
    assert.deepEqual(read(roster), roster)
    for (const wrong of [
      {},
      [],
      { ...roster, number: 0 },
      { ...roster, number: 1.5 },
      { ...roster, issuedUnixMs: Number.MAX_SAFE_INTEGER },
      { ...roster, open: 'yes' },
      { ...roster, networkId: 'x' },
      { ...roster, admitted: [{ peerId: 'QmOther', name: '' }] },
      { ...roster, removed: Array.from({ length: 401 }, () => A) },
      { ...roster, padding: 'x'.repeat(70_000) },
    ]) {
      assert.equal(read(wrong), undefined, JSON.stringify(wrong).slice(0, 80))
    }
    assert.equal(parseRoster(Buffer.from('{')), undefined)
  })
})
