import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { type Alarm, createAlarm } from '../../../src/federation/run/alarm.ts'

function withAlarm(run: (alarm: Alarm, advance: (ms: number) => void, rung: () => number) => void): void {
  mock.timers.enable({ apis: ['setTimeout'] })
  let at = 0
  let rung = 0
  const alarm = createAlarm({
    now: () => at,
    ring: () => {
      rung += 1
    },
  })
  const advance = (ms: number): void => {
    for (let step = 0; step < ms; step += 1) {
      at += 1
      mock.timers.tick(1)
    }
  }
  try {
    run(alarm, advance, () => rung)
  } finally {
    alarm.close()
    mock.timers.reset()
  }
}

test('an alarm rings once, when its time has come', () => {
  withAlarm((alarm, advance, rung) => {
    alarm.set(10)
    advance(9)
    assert.equal(rung(), 0)
    advance(1)
    assert.equal(rung(), 1)
    advance(100)
    assert.equal(rung(), 1)
  })
})

test('an alarm that is put off again and again rings when nobody does so any more', () => {
  withAlarm((alarm, advance, rung) => {
    for (let piece = 0; piece < 50; piece += 1) {
      alarm.set(10)
      advance(5)
    }
    assert.equal(rung(), 0)
    advance(5)
    assert.equal(rung(), 1)
  })
})

test('an alarm rings earlier when that is said later', () => {
  withAlarm((alarm, advance, rung) => {
    alarm.set(1000)
    advance(10)
    alarm.set(10)
    advance(10)
    assert.equal(rung(), 1)
    advance(2000)
    assert.equal(rung(), 1)
  })
})

test('an alarm that was called off is silent until it is set again', () => {
  withAlarm((alarm, advance, rung) => {
    alarm.set(10)
    alarm.set(undefined)
    advance(50)
    assert.equal(rung(), 0)
    alarm.set(10)
    alarm.close()
    advance(50)
    assert.equal(rung(), 0)
    alarm.set(10)
    advance(10)
    assert.equal(rung(), 1)
  })
})
