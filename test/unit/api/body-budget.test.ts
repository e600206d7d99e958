import assert from 'node:assert/strict'
import { it } from 'node:test'
import { withinHeap } from '../../../src/api/body-budget.ts'

it('bodies are read as far as the heap of the process goes', () => {
  const mebibyte = 2 ** 20
  const rows = [
    [4224, 1024],
    [8000, 1024],
    [2048, 480],
    [256, 32],
    [64, 0],
  ] as const
  for (const [heap, bodies] of rows) {
    assert.equal(withinHeap(1024 * mebibyte, heap * mebibyte), bodies * mebibyte, `heap of ${heap} MiB`)
  }
})
