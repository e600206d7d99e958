import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rebase } from '../../../ui/src/settings/field-value.ts'

describe('a setting that somebody else has changed meanwhile', () => {
  it('keeps what was typed when the others changed something else, or the same', () => {
    assert.equal(rebase('5m', { before: '1m', now: '1m' }), '5m')
    assert.equal(rebase('5m', { before: '1m', now: '5m' }), '5m')
    assert.equal(rebase(true, { before: false, now: true }), true)
  })

  it('cannot be both', () => {
    assert.equal(rebase('5m', { before: '1m', now: '2m' }), undefined)
    assert.equal(rebase('7', { before: 5, now: 6 }), undefined)
    const galleries = [{ name: 'theirs', url: 'https://example.org' }]
    assert.equal(rebase('[]', { before: [{ name: 'mine' }], now: galleries }), undefined)
  })

  it('has the lines that either has added, and not those that either has taken away', () => {
    const before = ['kept', 'gone here', 'gone there']
    const now = ['kept', 'gone here', 'theirs', 'by both']
    const field = 'kept\ngone there\n mine \nby both'
    assert.equal(rebase(field, { before, now }), 'kept\ntheirs\nby both\nmine')
    assert.equal(rebase('mine', { before: [], now: ['theirs'] }), 'theirs\nmine')
  })
})
