import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import { createSpareWrites } from '../../../src/accounts/spare-writes.ts'

describe('writes that nobody has asked for', () => {
  it('rest after one that failed, but not for as long as a clock goes back', () => {
    const database = new DatabaseSync(':memory:')
    const warnings: string[] = []
    const log = pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) })
    let now = 1_000_000
    const writes = createSpareWrites(database, { log, now: () => now })
    const attempt = (): boolean => writes.attempt(() => true) ?? false
    assert.equal(attempt(), true)
    writes.attempt(() => assert.fail('database or disk is full'))
    assert.equal(attempt(), false)
    now -= 3_600_000
    assert.equal(attempt(), true)
    assert.equal(warnings.length, 1)
    database.close()
  })
})
