import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ANSWER_MARKS } from '../../../src/base/answer-marks.ts'
import type { GeneratedToken } from '../../../src/grpc/generated/backend/GeneratedToken.ts'
import { continueRounds } from '../../../src/inference/rounds-continuity.ts'

const { runsTools, callsBegin, toolResult, tokensOf } = ANSWER_MARKS
const TWO = Buffer.of(0, 0, 0, 2)

function open(resume: readonly GeneratedToken[] = []) {
  const told: GeneratedToken[] = []
  return { told, rounds: continueRounds({ resume, note: (tokens) => void told.push(...tokens) }) }
}

describe('an answer with tools, round by round', () => {
  const results = [
    { text: 'sunny ✓', failed: false },
    { text: '', failed: true },
  ]

  it('is read as it was told', () => {
    const { told, rounds } = open()
    rounds.generation(0).note([{ id: 7 }, { id: 8 }])
    rounds.callsBegin(2)
    rounds.gave(results)
    rounds.generation(1).note([{ id: 9 }])
    assert.deepEqual(
      told.map(({ id }) => id),
      [runsTools, 7, 8, callsBegin, toolResult, toolResult, 9],
    )
    const next = open(told)
    assert.deepEqual(next.rounds.generation(0).resume, [{ id: 7 }, { id: 8 }])
    assert.deepEqual(next.rounds.given(0, 2), results)
    assert.throws(() => next.rounds.given(0, 1), { code: 'mcp.failed' })
    assert.deepEqual(next.rounds.generation(1).resume, [{ id: 9 }])
    assert.deepEqual([next.rounds.given(1, 1), next.rounds.generation(2).resume], [undefined, []])
    next.rounds.generation(1).note([{ id: 10 }])
    assert.deepEqual(next.told, [{ id: 10 }], 'what was told is not told again')
  })

  it('tells nothing before there is something to go on from', () => {
    const { told, rounds } = open()
    assert.deepEqual([rounds.generation(0).resume, rounds.given(0, 1), told], [[], undefined, []])
  })

  it('does not go on from where tools were running', () => {
    const { told, rounds } = open()
    rounds.generation(0).note([{ id: 7 }])
    rounds.callsBegin(2)
    rounds.gave(results.slice(0, 1))
    assert.throws(() => open(told).rounds.given(0, 2), { code: 'mcp.failed' })
    assert.throws(() => open(told.slice(0, 3)).rounds.given(0, 2), { code: 'mcp.failed' })
  })

  it('refuses what is no such answer', () => {
    const begun = [{ id: runsTools }, { id: 7 }]
    const calls = { id: callsBegin, logprobs: TWO }
    for (const resume of [
      [{ id: 7 }],
      [{ id: tokensOf, logprobs: TWO }],
      [{ id: runsTools }, { id: runsTools }],
      [...begun, { id: toolResult, logprobs: Buffer.of(0) }],
      [...begun, { id: callsBegin, logprobs: Buffer.of(1) }],
      [...begun, calls, calls],
      [...begun, calls, { id: toolResult }],
      [...begun, { id: -99 }],
    ]) {
      assert.throws(() => open(resume), { code: 'request.invalid' }, JSON.stringify(resume))
    }
  })
})
