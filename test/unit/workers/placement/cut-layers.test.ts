import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cut, cutLayers, runCosts } from '../../../../src/workers/placement/cut-layers.ts'
import { type ModelNeeds, modelNeeds } from '../../../../src/workers/placement/model-needs.ts'
import type { Machine } from '../../../../src/workers/placement/plan.ts'
import { seededRandom } from '../../../support/random.ts'
import { evenly, GB, machine, modelOf } from './planning.ts'

/** Every way to cut a few steps over machines in their order, tried one after the other. */
function tryAll(needs: ModelNeeds, home: Machine, workers: readonly Machine[]): readonly (number | undefined)[] {
  const best: (number | undefined)[] = []
  const last = needs.steps.length
  const homeCosts = runCosts(needs, home, { isHome: true })
  const costs = workers.map((worker) => runCosts(needs, worker, { isHome: false }))
  const visit = (index: number, at: { from: number; used: number; seconds: number }): void => {
    if (at.from === last) {
      if (at.used > 0) best[at.used] = Math.min(best[at.used] ?? Number.POSITIVE_INFINITY, at.seconds)
      return
    }
    const of = costs[index]
    if (of === undefined) return
    visit(index + 1, at)
    for (let to = at.from + 1; to <= last; to += 1) {
      if (!of.fits(at.from, to)) continue
      visit(index + 1, { from: to, used: at.used + 1, seconds: at.seconds + of.seconds(at.from, to) })
    }
  }
  for (let to = 0; to < last; to += 1) {
    if (homeCosts.fits(0, to)) visit(0, { from: to, used: 0, seconds: homeCosts.seconds(0, to) })
  }
  return best
}

function checkShape(cut: Cut, needs: ModelNeeds, used: number): void {
  const [home, ...others] = cut.runs
  assert.equal(home?.worker, undefined)
  assert.equal(others.length, used)
  let from = 0
  for (const run of cut.runs) {
    assert.equal(run.from, from)
    from = run.to
  }
  assert.equal(from, needs.steps.length)
}

describe('cutting layers', () => {
  it('finds what trying everything finds, never beyond a memory, for every number of workers', () => {
    const random = seededRandom(11)
    const between = (low: number, high: number): number => low + random() * (high - low)
    let splits = 0
    for (let round = 0; round < 150; round += 1) {
      const layers = Array.from({ length: 1 + Math.floor(random() * 6) }, () => between(0.1, 2) * GB)
      const needs = modelNeeds(modelOf(layers))
      const made = (name: string): Machine =>
        machine(name, {
          memoryBytes: between(0.5, 6) * GB,
          weightBytesPerSecond: { q8_0: between(1, 20) * GB },
          roundTripMs: between(0, 30),
        })
      const home = made('home')
      const workers = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, index) => made(`w${index}`))
      const expected = tryAll(needs, home, workers)
      const cuts = cutLayers(needs, { home, workers })
      for (let used = 1; used <= workers.length; used += 1) {
        const cut = cuts[used]
        assert.equal(cut === undefined, expected[used] === undefined, `round ${round}, ${used} workers`)
        if (cut === undefined) continue
        splits += 1
        assert.ok(Math.abs(cut.seconds - (expected[used] ?? 0)) < 1e-9)
        checkShape(cut, needs, used)
        for (const { worker, from, to } of cut.runs) {
          const isHome = worker === undefined
          assert.ok(runCosts(needs, worker ?? home, { isHome }).fits(from, to))
        }
      }
    }
    assert.ok(splits > 200, `${splits} splits`)
  })

  it('is never slower for a machine that is faster, nearer or has more memory', () => {
    const random = seededRandom(5)
    const best = (cuts: readonly (Cut | undefined)[]): number =>
      Math.min(...cuts.flatMap((cut) => cut?.seconds ?? Number.POSITIVE_INFINITY))
    const needs = modelNeeds(modelOf(evenly(24, 0.4 * GB)))
    const home = machine('home', { memoryBytes: 3 * GB, roundTripMs: 0 })
    for (let round = 0; round < 60; round += 1) {
      const workers = Array.from({ length: 4 }, (_, index) =>
        machine(`w${index}`, {
          memoryBytes: (2 + random() * 4) * GB,
          weightBytesPerSecond: { q8_0: (1 + random() * 9) * GB },
          roundTripMs: random() * 20,
        }),
      )
      const chosen = Math.floor(random() * 4)
      const better = workers.map((worker, index) => {
        if (index !== chosen) return worker
        return {
          ...worker,
          memoryBytes: worker.memoryBytes * (1 + random()),
          weightBytesPerSecond: { q8_0: (worker.weightBytesPerSecond['q8_0'] ?? 0) * (1 + random()) },
          roundTripMs: worker.roundTripMs * random(),
        }
      })
      assert.ok(
        best(cutLayers(needs, { home, workers: better })) <= best(cutLayers(needs, { home, workers })) + 1e-12,
        `round ${round}`,
      )
    }
  })

  it('takes at most 15 workers, since ggml aborts beyond', () => {
    const needs = modelNeeds(modelOf(evenly(40, 1 * GB)))
    const home = machine('home', { memoryBytes: 0, roundTripMs: 0 })
    const workers = Array.from({ length: 30 }, (_, index) => machine(`w${index}`, { memoryBytes: 3.9 * GB }))
    const cuts = cutLayers(needs, { home: { ...home, memoryBytes: 1.5 * GB }, workers })
    assert.ok(cuts.length <= 16)
    assert.ok(cuts[15] !== undefined)
    const tooSmall = workers.map((worker) => ({ ...worker, memoryBytes: 2.3 * GB }))
    assert.deepEqual(
      cutLayers(needs, { home: { ...home, memoryBytes: 1.5 * GB }, workers: tooSmall }).filter(Boolean),
      [],
    )
  })
})
