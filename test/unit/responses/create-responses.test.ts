import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pino } from 'pino'
import { newStamp, readStamp } from '../../../src/api/stamp.ts'
import { AppError } from '../../../src/base/errors.ts'
import { raceSignal } from '../../../src/base/signals.ts'
import type { Stamp } from '../../../src/inference/continuity.ts'
import type { InferenceEvent } from '../../../src/inference/events.ts'
import { createResponses, RESPONSES_DEFAULTS, type Responses } from '../../../src/responses/create-responses.ts'
import type { ResponseEcho } from '../../../src/responses/resource.ts'
import { ECHO } from './make-response.ts'

const HOME = '0123456789'

async function* say(...texts: readonly string[]): AsyncGenerator<InferenceEvent, void> {
  for (const text of texts) yield { type: 'text-delta', text }
}

/** As an answer does that is told to end. */
async function* endedBy<T>(events: AsyncGenerator<T, void>, signal: AbortSignal): AsyncGenerator<T, void> {
  for (;;) {
    const next = await raceSignal(events.next(), signal)
    if (next.done === true) return
    yield next.value
  }
}

describe('the responses of a node', () => {
  let folder = ''
  let responses: Responses

  function create(init: { readonly maxBackground?: number } = {}): Responses {
    return createResponses(
      { log: pino({ level: 'silent' }), makeParent: async () => {} },
      { ...RESPONSES_DEFAULTS, folder: join(folder, 'responses'), home: () => HOME, ttlMs: 0, ...init },
    )
  }

  function begin(echo: Partial<ResponseEcho> = {}, from = responses, stamp = readStamp(newStamp())) {
    return beginAs(null, { from, echo, stamp })
  }

  function beginAs(
    owner: string | null,
    { from, echo, stamp = readStamp(newStamp()) }: { from: Responses; echo: Partial<ResponseEcho>; stamp?: Stamp },
  ) {
    const describe = () => ({ type: 'model_error', code: 'server_error', message: 'told', param: '' })
    return from.begin({ owner, echo: { ...ECHO, ...echo }, stream: true, input: [], describe, stamp })
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'local-ai-responses-'))
    responses = create()
    await responses.start()
  })
  after(async () => {
    await responses.stop()
    await rm(folder, { recursive: true })
  })

  it('have names that lead to this node, and name their items after themselves', () => {
    const { live } = begin()
    assert.match(live.id, new RegExp(`^resp_${HOME}_[0-9a-f]{32}$`))
    live.discard()
  })

  it('are begun anew by the same request: the older one ends and leaves nothing behind', async () => {
    const stamp = readStamp(newStamp())
    const older = begin({}, responses, stamp)
    const answer = older.live.follow(say('a', 'b'))
    await answer.next()
    const newer = begin({}, responses, stamp)
    assert.equal(newer.live.id, older.live.id)
    assert.equal(older.live.signal.aborted, true)
    for await (const _event of newer.live.follow(say('c')));
    await answer.return()
    await older.over
    const found = (await responses.find(newer.live.id, null))?.resource
    assert.equal(found?.status, 'completed')
    assert.equal(JSON.stringify(found?.output).includes('"c"'), true)
  })

  it('are begun anew in the background: the events of the older one are not among those of the newer', async () => {
    const stamp = readStamp(newStamp())
    const asked = Promise.withResolvers<void>()
    const more = Promise.withResolvers<void>()
    async function* slow(): AsyncGenerator<InferenceEvent, void> {
      yield* say('a')
      asked.resolve()
      await more.promise
      yield* say('b')
    }
    const older = begin({ background: true }, responses, stamp)
    const olderEnds = responses.runInBackground(older, endedBy(slow(), older.live.signal))
    await asked.promise
    const newer = begin({ background: true }, responses, stamp)
    const newerEnds = responses.runInBackground(newer, slow())
    await olderEnds
    more.resolve()
    await newerEnds
    const types: string[] = []
    for await (const { type } of responses.events(newer.live.id, -1)) types.push(type)
    assert.deepEqual([types.includes('response.failed'), types.at(-1)], [false, 'response.completed'])
  })

  it('are cancelled when their reader leaves, whatever the model does', async () => {
    const { live, over } = begin()
    for await (const _event of live.follow(say('a', 'b', 'c'))) break
    await over
    assert.equal((await responses.find(live.id, null))?.resource.status, 'cancelled')
    assert.deepEqual(live.fail(new Error('late')), [])
  })

  it('are nowhere when they were not to be stored, also while they are made', async () => {
    const { live } = begin({ store: false })
    const reading = live.follow(say('a', 'b'))
    await reading.next()
    assert.equal(await responses.find(live.id, null), undefined)
    assert.equal(await responses.cancel(live.id, null), undefined)
    assert.ok(!(await responses.remove(live.id, null)))
    assert.equal(live.signal.aborted, false)
    for await (const _event of reading);
    assert.equal(await responses.find(live.id, null), undefined)
  })

  it('fail in the background without anybody there to throw at', async () => {
    const begun = begin({ background: true })
    const error = new Error('no')
    async function* broken(): AsyncGenerator<InferenceEvent, void> {
      yield* say('a')
      throw error
    }
    assert.equal(await responses.runInBackground(begun, broken()), error)
    const found = await responses.find(begun.live.id, null)
    assert.deepEqual([found?.resource.status, found?.resource.error?.message], ['failed', 'told'])
    const types: string[] = []
    for await (const { type } of responses.events(begun.live.id, 4)) types.push(type)
    assert.deepEqual(types, ['error', 'response.failed'])
  })

  it('of one owner leave room in the background for those of others', async () => {
    const shared = create({ maxBackground: 4 })
    const background = { from: shared, echo: { background: true } }
    const ofAnn = ['ann', 'ann'].map((owner) => beginAs(owner, background).live)
    const ofOthers = [beginAs('bob', background).live]
    for (const owner of ['ann', 'bob']) {
      assert.throws(() => beginAs(owner, background), { code: 'request.rate-limited' })
    }
    ofOthers.push(beginAs('ann', { from: shared, echo: {} }).live, beginAs(null, background).live)
    assert.throws(() => beginAs('eve', background), { code: 'node.overloaded' })
    for (const live of ofAnn) live.discard()
    ofOthers.push(beginAs('eve', background).live)
    for (const live of ofOthers) live.discard()
    await shared.stop()
  })

  it('are refused when too many are in the background, and when the node stops', async () => {
    const small = create({ maxBackground: 1 })
    const { live } = begin({ background: true }, small)
    assert.throws(() => begin({ background: true }, small), { code: 'node.overloaded' })
    begin({}, small).live.discard()
    const stopped = small.stop()
    assert.ok(live.signal.reason instanceof AppError && live.signal.reason.code === 'node.stopping')
    live.discard()
    await stopped
    assert.throws(() => begin({}, small), { code: 'node.stopping' })
  })
})
