import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { libraryLog } from '../../../../src/p2p/host/library-log.ts'

function recorder() {
  const lines: string[] = []
  const write = (level: string) => (fields: unknown, text?: string) =>
    void lines.push(`${level} ${text} ${JSON.stringify(fields)}`)
  return { lines, log: { debug: write('debug'), trace: write('trace') } }
}

function sayAll(level: Parameters<typeof libraryLog>[1]): string[] {
  const { lines, log } = recorder()
  const library = libraryLog(log, level).forComponent('libp2p:x')
  library('step %d to %p', 1, 'peer')
  library.error('failed - %e', new Error('why'))
  library.newScope('y').trace('bytes')
  return lines
}

describe('libraryLog', () => {
  it('says as much as the level allows', () => {
    assert.deepEqual(sayAll('fatal'), [])
    assert.deepEqual(sayAll('warn'), ['debug failed - why {"component":"libp2p:x"}'])
    assert.deepEqual(sayAll('debug').length, 2)
    assert.deepEqual(sayAll('trace'), [
      'debug step 1 to peer {"component":"libp2p:x"}',
      'debug failed - why {"component":"libp2p:x"}',
      'trace bytes {"component":"libp2p:x:y"}',
    ])
  })
})
