import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLoopWatch, isLate, TICK_MS, type TickTimes } from '../../../src/telemetry/loop-watch.ts'

/** Ticks that come as the test says. */
function pretendedTicks() {
  let lateMs: number[] = []
  let enabled = false
  const ticks: TickTimes = {
    get count() {
      return lateMs.length
    },
    percentile(share) {
      assert.equal(share, 50)
      const sorted = lateMs.toSorted((left, right) => left - right)
      return ((sorted[Math.ceil(sorted.length / 2) - 1] ?? 0) + TICK_MS) * 1e6
    },
    enable() {
      const was = enabled
      enabled = true
      return !was
    },
    disable() {
      const was = enabled
      enabled = false
      return was
    },
    reset() {
      lateMs = []
    },
  }
  return {
    ticks,
    isEnabled: () => enabled,
    come: (...ms: readonly number[]) => void lateMs.push(...ms),
  }
}

async function startWatch(limitMs = 500) {
  const { ticks, ...pretended } = pretendedTicks()
  const said: string[] = []
  const say = (level: string) => (facts: { medianMs: number }) => void said.push(`${level} ${facts.medianMs}`)
  const watch = createLoopWatch({ log: { warn: say('warn'), info: say('info') }, openTicks: () => ticks }, { limitMs })
  await watch.start()
  return { ...pretended, watch, said }
}

describe('being behind with the work', () => {
  it('begins above the limit, and ends within half of it', () => {
    const rows: readonly [before: boolean, medianMs: number, after: boolean][] = [
      [false, 0, false],
      [false, 500, false],
      [false, 501, true],
      [true, 501, true],
      [true, 251, true],
      [true, 250, false],
      [false, 499, false],
    ]
    for (const [before, medianMs, after] of rows) assert.equal(isLate(before, medianMs, 500), after, String(medianMs))
  })

  it('is told once when it begins and once when it ends', async () => {
    const { watch, come, said } = await startWatch()
    for (const ms of [900, 700, 300, 100, 100]) {
      come(...Array<number>(5).fill(ms))
      watch.look()
    }
    assert.deepEqual(said, ['warn 900', 'info 100'])
    await watch.stop()
  })

  it('needs most of several ticks, however late a few of them are', async () => {
    const { watch, come } = await startWatch()
    come(60_000)
    watch.look()
    assert.equal(watch.late, false)
    come(0, 1, 0, 60_000)
    watch.look()
    assert.equal(watch.late, false)
    come(900, 900, 900)
    watch.look()
    come(0, 0)
    watch.look()
    assert.equal(watch.late, true)
    await watch.stop()
    assert.equal(watch.late, false)
  })

  it('is not looked for with a limit of 0', async () => {
    const { watch, come, isEnabled } = await startWatch(0)
    come(...Array<number>(9).fill(90_000))
    watch.look()
    assert.deepEqual([watch.late, isEnabled()], [false, false])
    await watch.stop()
  })
})
