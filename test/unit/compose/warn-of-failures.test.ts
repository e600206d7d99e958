import assert from 'node:assert/strict'
import { it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { warnOfFailures } from '../../../src/compose/compose-explainer.ts'

const request = { id: 'r1', model: 'm' } as never
const attempt = { name: 'lab-7', outcome: 'broken', ms: 12.4 } as never

function lines() {
  const told: { level: string; facts: Record<string, unknown> }[] = []
  const at = (level: string) => (facts: Record<string, unknown>) => void told.push({ level, facts })
  const { tried } = warnOfFailures({ warn: at('warn'), debug: at('debug') } as never)
  return { told, tried }
}

it('a node that was lost is a line with the reason, and where that was is for those who look closer', () => {
  const { told, tried } = lines()
  const cause = new AppError('peer.unreachable', 'the connection to the node was lost')
  tried?.(request, attempt, cause)
  assert.deepEqual(told[0]?.facts, {
    ...{ id: 'r1', model: 'm', node: 'lab-7', outcome: 'broken', durationMs: 12 },
    ...{ code: 'peer.unreachable', reason: 'the connection to the node was lost' },
  })
  assert.deepEqual(told[1], { level: 'debug', facts: { id: 'r1', err: cause } })
})

it('a mistake of the program is told with all that is known of it', () => {
  for (const cause of [new TypeError('x is not a function'), new AppError('internal', 'x')]) {
    const { told, tried } = lines()
    tried?.(request, attempt, cause)
    assert.equal(told.length, 1)
    assert.equal(told[0]?.facts['err'], cause)
  }
})
