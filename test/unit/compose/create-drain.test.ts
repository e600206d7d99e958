import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDrain } from '../../../src/compose/create-drain.ts'

function createScene() {
  const told: boolean[] = []
  const drain = createDrain({ log: { info() {} }, running: () => 2, changed: () => void told.push(drain.draining) })
  return { drain, told }
}

test('every change is told, and told once', () => {
  const { drain, told } = createScene()
  drain.undo()
  drain.begin()
  drain.begin()
  assert.equal(drain.draining, true)
  drain.undo()
  assert.deepEqual(told, [true, false])
})

test('the end of the node begins with it, and nothing takes that back', async () => {
  const { drain, told } = createScene()
  await drain.start()
  assert.equal(drain.draining, false)
  await drain.stop()
  assert.throws(() => drain.undo(), { name: 'AppError', code: 'node.stopping' })
  drain.begin()
  assert.deepEqual(told, [true])
})
