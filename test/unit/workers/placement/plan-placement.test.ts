import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PlanWishes } from '../../../../src/workers/placement/plan.ts'
import { type Machines, planPlacement } from '../../../../src/workers/placement/plan-placement.ts'
import { evenly, GB, machine, modelOf } from './planning.ts'

const BIG = modelOf(evenly(32, 0.4 * GB))
const AUTO: PlanWishes = { split: 'auto' }
const home = (memoryBytes: number) => machine('home', { memoryBytes, roundTripMs: 0 })
const machines = (more: Partial<Machines>): Machines => ({ home: home(4 * GB), workers: [], others: [], ...more })
const layersOf = (plan: ReturnType<typeof planPlacement>) =>
  plan.machines.map(({ name, layers }) => `${name} ${layers}`).join(', ')

describe('where a model goes', () => {
  it('stays on this machine when it fits, however fast the others are', () => {
    const fast = machine('fast', { weightBytesPerSecond: { q8_0: 900 * GB } })
    const plan = planPlacement(BIG, machines({ home: home(20 * GB), workers: [fast] }), AUTO)
    assert.equal(plan.verdict, 'here')
    assert.equal(layersOf(plan), 'home 32')
    // 13.1 GB at 10 GB/s.
    assert.ok(Math.abs(plan.tokensPerSecond - 10 / 13.1) < 0.01)
  })

  it('says when the model was trained for less context than was asked for', () => {
    const roomy = machines({ home: home(20 * GB) })
    const cut = planPlacement({ ...BIG, contextSize: 8192, askedContextSize: 20_000 }, roomy, AUTO)
    assert.match(cut.why.at(-1) ?? '', /trained for 8192 tokens.*20000 were asked for/)
    assert.doesNotMatch(planPlacement(BIG, roomy, AUTO).why.join(), /trained/)
  })

  it('goes over as few workers as are enough, every layer somewhere, and says where', () => {
    const workers = [machine('a'), machine('b'), machine('c', { memoryBytes: 20 * GB })]
    const plan = planPlacement(BIG, machines({ workers }), AUTO)
    assert.equal(plan.verdict, 'split')
    assert.equal(plan.machines.length, 2)
    assert.equal(
      plan.machines.reduce((sum, { layers }) => sum + layers, 0),
      32,
    )
    assert.ok(plan.machines.every(({ memoryBytes, memoryAvailableBytes }) => memoryBytes <= memoryAvailableBytes))
    assert.equal(plan.machines.at(-1)?.hasOutput, true)
    assert.match(
      plan.why.join('\n'),
      /c: \d+ layers and the output, [\d.]+ GB of 20.0 GB, 1.0 ms away, \d+ % of the time/,
    )
  })

  it('takes the faster of two that would do', () => {
    const workers = [
      machine('slow', { memoryBytes: 20 * GB, weightBytesPerSecond: { q8_0: 2 * GB } }),
      machine('fast', { memoryBytes: 19 * GB, weightBytesPerSecond: { q8_0: 30 * GB } }),
    ]
    const plan = planPlacement(BIG, machines({ workers }), AUTO)
    assert.deepEqual(
      plan.machines.map(({ name }) => name),
      ['home', 'fast'],
    )
    assert.equal(plan.measuredSpeeds, true)
  })

  it('is loaded from the disk, as before, where nobody lends, and refused where too little is lent', () => {
    assert.equal(planPlacement(BIG, machines({}), AUTO).verdict, 'here')
    const little = planPlacement(BIG, machines({ workers: [machine('a', { memoryBytes: 2 * GB })] }), AUTO)
    assert.equal(little.verdict, 'refused')
    assert.match(
      little.why.join(' '),
      /It takes 1\d\.\d GB; 4\.0 GB are free here and 2\.0 GB with 1 worker.*--split=off/,
    )
    const off = planPlacement(BIG, machines({ workers: [machine('a')] }), { split: 'off' })
    assert.equal(off.verdict, 'here')
  })

  it('is refused when another node alone would be faster, unless it is forced', () => {
    const workers = [machine('far', { memoryBytes: 20 * GB, roundTripMs: 300 })]
    const others = [{ name: 'strong', tokensPerSecond: 5, hasModel: true }]
    const plan = planPlacement(BIG, machines({ workers, others }), AUTO)
    assert.equal(plan.verdict, 'refused')
    assert.match(plan.why.join(' '), /slower than node "strong".*send the request there.*--split=force/)
    assert.equal(planPlacement(BIG, machines({ workers, others }), { split: 'force' }).verdict, 'split')
    const weak = [{ name: 'weak', tokensPerSecond: 0.1, hasModel: false }]
    assert.equal(planPlacement(BIG, machines({ workers, others: weak }), AUTO).verdict, 'split')
  })

  it('leaves this machine when it is forced though it would fit', () => {
    const workers = [machine('a', { memoryBytes: 16 * GB })]
    const plan = planPlacement(BIG, machines({ home: home(20 * GB), workers }), { split: 'force' })
    assert.equal(layersOf(plan), 'home 0, a 32')
  })
})

describe('wishes', () => {
  const workers = [machine('a', { memoryBytes: 9 * GB }), machine('b', { memoryBytes: 18 * GB }), machine('c')]
  const at = machines({ home: home(20 * GB), workers })

  it('name workers, which share by their memory and in that order', () => {
    const plan = planPlacement(BIG, at, { split: 'auto', pins: [{ worker: 'b' }, { worker: 'id-a' }] })
    assert.equal(layersOf(plan), 'home 0, b 22, a 10')
  })

  it('say how many layers each gets; the rest stays here', () => {
    const pins = [
      { worker: 'c', layers: 3 },
      { worker: 'a', layers: 5 },
    ]
    assert.equal(layersOf(planPlacement(BIG, at, { split: 'auto', pins })), 'home 24, c 3, a 5')
  })

  it('say how many leave (gpu_layers) and in which parts (tensor_split)', () => {
    const pins = [{ worker: 'a' }, { worker: 'b' }]
    const plan = planPlacement(BIG, at, { split: 'auto', pins, layersAway: 13, proportions: [3, 1] })
    // The output is the thirteenth.
    assert.equal(layersOf(plan), 'home 20, a 10, b 2')
  })

  it('that cannot be met are refused with what to do', () => {
    const missing = planPlacement(BIG, at, { split: 'auto', pins: [{ worker: 'nobody' }] })
    assert.equal(missing.verdict, 'refused')
    assert.match(missing.why.join(' '), /no worker "nobody"/)
    const tooMuch = planPlacement(BIG, at, { split: 'auto', pins: [{ worker: 'c', layers: 31 }] })
    assert.equal(tooMuch.verdict, 'refused')
    assert.match(tooMuch.why.join(' '), /Leave out the pins/)
  })
})
