import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTextLines } from '../../../src/telemetry/text-lines.ts'

const toText = createTextLines({ colours: false })
const AT = new Date(2026, 10, 22, 9, 5, 7, 42).getTime()

function lineOf(fields: object): string {
  return toText(`${JSON.stringify({ level: 30, time: AT, ...fields })}\n`)
}

test('a line says when, how loud, where, what, and all else as JSON', () => {
  assert.equal(
    lineOf({ room: 'api', msg: 'answered', id: 'x', status: 200 }),
    '[09:05:07.042] INFO: [api] answered {"id":"x","status":200}\n',
  )
  assert.equal(lineOf({ level: 40, msg: 'careful' }), '[09:05:07.042] WARN: careful\n')
  assert.equal(lineOf({ time: AT + 60_999, msg: 'later' }), '[09:06:08.041] INFO: later\n')
})

test("an error's stack stands below its line, and what else it tells", () => {
  const err = { type: 'Error', message: 'boom', stack: 'Error: boom\n    at main.ts:1:1', code: 'internal' }
  assert.equal(
    lineOf({ level: 50, msg: 'failed', err }),
    '[09:05:07.042] ERROR: failed\n    Error: boom\n        at main.ts:1:1\n    {"code":"internal"}\n',
  )
  assert.equal(lineOf({ msg: 'x', err: { message: 'no stack' } }), '[09:05:07.042] INFO: x\n    no stack\n')
})

test('nothing in a line acts on a terminal, or passes for a line of its own', () => {
  const evil = '\u001b[2Jgone\n[00:00:00.000] INFO: all is well\u009b1m\u2028'
  const lines = lineOf({ msg: evil, name: evil, err: { stack: `Error: ${evil}` } })
  for (const control of ['\u001b', '\u009b', '\u2028']) assert.ok(!lines.includes(control), JSON.stringify(control))
  const told = lines.split('\n')
  assert.equal(told.length, 4, 'the line, two of the stack, and the end')
  assert.ok(told[2]?.startsWith('    '), 'what follows a line feed in a stack stays indented')
  assert.equal(toText('no JSON\u001b[0m\nat all\n'), 'no JSON\\u001b[0m\\u000aat all\n')
})

test('colours are for terminals', () => {
  const coloured = createTextLines({ colours: true })(JSON.stringify({ level: 50, time: AT, msg: 'failed' }))
  assert.equal(coloured, '[09:05:07.042] \u001b[31mERROR\u001b[39m: \u001b[36mfailed\u001b[39m\n')
})
