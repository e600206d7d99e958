import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type PageRow, toPage } from '../../../src/api/localai/ui-page.ts'

const row = (name: string, more: Partial<PageRow> = {}): PageRow => ({
  name,
  description: '',
  tags: [],
  gallery: 'g',
  license: '',
  installed: false,
  ...more,
})
const ROWS = [row('b', { tags: ['Chat'] }), row('C', { installed: true }), row('a', { description: 'for CHATS' })]
const names = (query: Parameters<typeof toPage>[1]): string[] => toPage(ROWS, query).rows.map(({ name }) => name)

describe('a page of a list', () => {
  it('has the rows in their order, or sorted', () => {
    assert.deepEqual(names({}), ['b', 'C', 'a'])
    assert.deepEqual(names({ sort: 'name' }), ['a', 'b', 'C'])
    assert.deepEqual(names({ sort: 'name', order: 'desc' }), ['C', 'b', 'a'])
    assert.deepEqual(names({ sort: 'status' }), ['C', 'a', 'b'])
    assert.deepEqual(names({ sort: '__proto__' }), ['b', 'C', 'a'])
  })

  it('has what was searched for, in names, texts and tags', () => {
    assert.deepEqual(names({ term: 'chat' }), ['b', 'a'])
    assert.deepEqual(names({ tag: 'chat' }), ['b'])
    assert.deepEqual(names({ term: 'nothing' }), [])
  })

  it('is one of several, and there is always one', () => {
    const many = Array.from({ length: 20 }, (_, index) => row(`m${index}`))
    const { rows, numbers } = toPage(many, { page: '2', items: '9' })
    assert.equal(rows[0]?.name, 'm9')
    assert.deepEqual(numbers, { currentPage: 2, totalPages: 3, prevPage: 1, nextPage: 3 })
    assert.equal(toPage(many, { page: '999' }).numbers.currentPage, 3)
    assert.deepEqual(toPage([], { items: '0' }).numbers, { currentPage: 1, totalPages: 1, prevPage: 1, nextPage: 1 })
  })
})
