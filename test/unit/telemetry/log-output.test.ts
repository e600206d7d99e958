import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createLogOutput } from '../../../src/telemetry/log-output.ts'

function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/** A file that takes `room` bytes of each write, or throws what is in `broken`. */
function createFile(room = Number.POSITIVE_INFINITY) {
  const file = {
    broken: undefined as string | undefined,
    writes: 0,
    text: '',
    write(bytes: Buffer): number {
      file.writes += 1
      if (file.broken !== undefined) throw failure(file.broken)
      const taken = bytes.subarray(0, room)
      file.text += taken.toString()
      return taken.length
    },
  }
  return file
}

test('lines of one turn are one write; what the system takes in parts comes whole and in order', async () => {
  const whole = createFile()
  const output = createLogOutput(whole)
  output.write('one\n')
  output.write('two ü\n')
  assert.equal(whole.writes, 0)
  await turn()
  assert.deepEqual([whole.writes, whole.text], [1, 'one\ntwo ü\n'])
  const narrow = createFile(3)
  createLogOutput(narrow).write('one ü two\n')
  await turn()
  assert.equal(narrow.text, 'one ü two\n')
})

for (const code of ['ENOSPC', 'EPIPE', 'EIO']) {
  test(`a file that fails with ${code} stops nobody; how many lines are missing is told when it works again`, async () => {
    const file = createFile()
    const lost: number[] = []
    const output = createLogOutput({ write: file.write, onLost: (lines) => lost.push(lines) })
    file.broken = code
    output.write('one\n')
    output.write('two\n')
    await turn()
    output.write('three\n')
    await turn()
    assert.deepEqual([file.writes, lost], [2, []])
    file.broken = undefined
    output.write('four\n')
    await turn()
    assert.deepEqual([file.text, lost], ['four\n', [3]])
  })
}

test('a reader that is slow gets the lines later, without anybody waiting, and not more of them than there is room for', async () => {
  const file = createFile()
  const lost: number[] = []
  const told = Promise.withResolvers<void>()
  const onLost = (lines: number): void => {
    lost.push(lines)
    told.resolve()
  }
  const output = createLogOutput({ write: file.write, onLost }, { maxHeldLength: 10, retryMs: 1 })
  file.broken = 'EAGAIN'
  output.write('one 1\n')
  await turn()
  assert.equal(file.writes, 1)
  output.write('two\n')
  output.write('lost\n')
  assert.equal(file.writes, 1)
  file.broken = undefined
  // The timer of a log holds no process; this one does while the test waits.
  const hold = setInterval(() => {}, 1000)
  await told.promise.finally(() => clearInterval(hold))
  assert.deepEqual([file.text, lost], ['one 1\ntwo\n', [1]])
})
