import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  INITIAL_STATE,
  nextState,
  type ProcessEvent,
  type ProcessState,
  type RestartPolicy,
  refusal,
} from '../../../src/backends/process-state.ts'
import { AppError } from '../../../src/base/errors.ts'

const policy: RestartPolicy = {
  startBackOffMs: 10_000,
  deathBackOffMs: 1_000,
  maxBackOffMs: 300_000,
  deathWindowMs: 600_000,
  healthyMs: 60_000,
}
const error = new AppError('backend.died', 'it is gone')
const { history } = INITIAL_STATE

const states = {
  stopped: { phase: 'stopped', history },
  starting: { phase: 'starting', since: 5, history },
  ready: { phase: 'ready', since: 5, history },
  stopping: { phase: 'stopping', history },
  failed: { phase: 'failed', error, retryAt: 1_000, history },
} as const satisfies Record<ProcessState['phase'], ProcessState>

const events = {
  changed: { type: 'changed' },
  start: { type: 'start', at: 1_000 },
  loaded: { type: 'loaded', at: 1_000 },
  'start-failed': { type: 'start-failed', at: 1_000, error },
  died: { type: 'died', at: 1_000, error },
  stop: { type: 'stop' },
  stopped: { type: 'stopped' },
} as const satisfies Record<ProcessEvent['type'], ProcessEvent>

/** Every pair that changes the phase; every other pair changes nothing at all. */
const changes: Readonly<Record<string, ProcessState['phase']>> = {
  'failed changed': 'stopped',
  'stopped start': 'starting',
  'failed start': 'starting',
  'starting loaded': 'ready',
  'starting start-failed': 'failed',
  'starting stop': 'stopping',
  'starting stopped': 'stopped',
  'ready died': 'stopped',
  'ready stop': 'stopping',
  'stopping stopped': 'stopped',
}

function run(state: ProcessState, list: readonly ProcessEvent[]): ProcessState {
  return list.reduce((now, event) => nextState(now, event, policy), state)
}

const loadAndDie = (at: number): readonly ProcessEvent[] => [
  { type: 'start', at },
  { type: 'loaded', at },
  { type: 'died', at, error },
]

describe('the life of a backend', () => {
  for (const [phase, state] of Object.entries(states)) {
    for (const [type, event] of Object.entries(events)) {
      const expected = changes[`${phase} ${type}`]
      it(`${phase} + ${type} -> ${expected ?? 'as it was'}`, () => {
        const next = nextState(state, event, policy)
        if (expected === undefined) assert.equal(next, state)
        else assert.equal(next.phase, expected)
      })
    }
  }

  it('does not start before its time after a failure', () => {
    const early = nextState(states.failed, { type: 'start', at: 999 }, policy)
    assert.equal(early, states.failed)
  })

  it('doubles the wait after each failed start, up to the limit, and forgets after a good one', () => {
    const waits: number[] = []
    let state: ProcessState = INITIAL_STATE
    let at = 0
    for (let round = 0; round < 7; round++) {
      state = run(state, [
        { type: 'start', at },
        { type: 'start-failed', at, error },
      ])
      assert.ok(state.phase === 'failed')
      waits.push(state.retryAt - at)
      at = state.retryAt
    }
    assert.deepEqual(waits, [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
    state = run(state, [
      { type: 'start', at },
      { type: 'loaded', at },
    ])
    assert.equal(state.history.failedStarts, 0)
  })

  it('restarts at once after a first death, then waits 1 s, 2 s, 4 s and so on', () => {
    let state: ProcessState = INITIAL_STATE
    let at = 0
    const waits: number[] = []
    for (let round = 0; round < 4; round++) {
      state = run(state, loadAndDie(at))
      const retryAt = state.phase === 'failed' ? state.retryAt : at
      waits.push(retryAt - at)
      at = retryAt
    }
    assert.deepEqual(waits, [0, 1_000, 2_000, 4_000])
  })

  it('counts a death long after the one before as a first one', () => {
    const within = run(INITIAL_STATE, [...loadAndDie(0), ...loadAndDie(policy.deathWindowMs)])
    assert.equal(within.phase, 'failed')
    const after = run(INITIAL_STATE, [...loadAndDie(0), ...loadAndDie(policy.deathWindowMs + 1)])
    assert.equal(after.phase, 'stopped')
  })

  it('counts the death of a backend that was healthy for a while as a first one', () => {
    const liveAndDie = (at: number, forMs: number): readonly ProcessEvent[] => [
      { type: 'start', at },
      { type: 'loaded', at },
      { type: 'died', at: at + forMs, error },
    ]
    const healthy = run(INITIAL_STATE, [...loadAndDie(0), ...liveAndDie(1_000, policy.healthyMs)])
    assert.equal(healthy.phase, 'stopped')
    const sickly = run(INITIAL_STATE, [...loadAndDie(0), ...liveAndDie(1_000, policy.healthyMs - 1)])
    assert.equal(sickly.phase, 'failed')
  })

  it('never repeats what a process said before it died', () => {
    const said = new AppError('backend.died', 'it last said: unix:/tmp/x/secret.sock')
    const failed: ProcessState = { phase: 'failed', error: said, retryAt: 1_000, history }
    assert.doesNotMatch(refusal(failed, 'one', 0)?.message ?? 'secret', /secret/)
  })

  it('refuses only while it cools down, and says how long', () => {
    for (const state of [states.stopped, states.starting, states.ready, states.stopping]) {
      assert.equal(refusal(state, 'one', 0), undefined)
    }
    assert.equal(refusal(states.failed, 'one', 1_000), undefined)
    const loadError = new AppError('backend.load-failed', 'no such file')
    const refused = refusal({ ...states.failed, error: loadError }, 'one', 400)
    assert.equal(refused?.code, 'backend.cooling-down')
    assert.equal(refused?.message, 'model one failed and is tried again in 1 s: no such file')
    assert.deepEqual(refused?.details, { model: 'one', retryAfterMs: 600 })
    assert.equal(refused?.cause, loadError)
  })
})
