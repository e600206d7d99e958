import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createCloseLog } from '../../../../src/p2p/membership/close-log.ts'

it('the closed links of one peer are one warning a minute', () => {
  const lines: string[] = []
  let now = 0
  const note = (level: string) => (facts: object) => void lines.push(`${level} ${JSON.stringify(facts)}`)
  const log = createCloseLog({ warn: note('warn'), debug: note('debug') } as never, () => now)
  for (let turn = 0; turn < 3; turn += 1) log.note('a', 'rude')
  log.note('b', 'rude')
  now = 60_000
  log.note('a', 'rude')
  assert.deepEqual(
    lines.map((line) => `${line.split(' ')[0]} ${/"peer":"(.)"/.exec(line)?.[1]}`),
    ['warn a', 'debug a', 'debug a', 'warn b', 'warn a'],
  )
})
