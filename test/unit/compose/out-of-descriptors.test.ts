import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { it } from 'node:test'
import { createProcessBytes } from '../../../src/compose/compose-series.ts'
import { version } from '../../../src/compose/version.ts'

function tooMany(): never {
  throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
}

// Both are asked for by timers, where a throw would end the node.
it('the version is known once it was read, though no file can be opened any more', (test) => {
  const before = version()
  const { mock } = test.mock.method(fs, 'readFileSync', tooMany)
  syncBuiltinESMExports()
  try {
    assert.equal(version(), before)
  } finally {
    mock.restore()
    syncBuiltinESMExports()
  }
})

it('the memory of the process is as it was while the system cannot tell it', () => {
  const answers = [tooMany, () => 7, tooMany, () => 9]
  const processBytes = createProcessBytes(() => answers.shift()?.() ?? 0)
  assert.deepEqual(
    answers.slice().map(() => processBytes()),
    [0, 7, 7, 9],
  )
})
