import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLogger } from '../../../src/telemetry/logger.ts'

describe('the level of the log', () => {
  it('changes for the children, too, but not for those that have set their own', () => {
    const log = createLogger({ level: 'silent', format: 'json' })
    const grandchild = log.child({ room: 'api' }).child({ model: 'm' })
    const own = log.child({ room: 'p2p' })
    own.level = 'silent'
    log.level = 'debug'
    assert.deepEqual([grandchild.isLevelEnabled('debug'), own.isLevelEnabled('debug')], [true, false])
    log.level = 'silent'
    assert.equal(grandchild.isLevelEnabled('error'), false)
  })
})
