import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { pino } from 'pino'
import { createResponses, RESPONSES_DEFAULTS } from '../../../src/responses/create-responses.ts'
import { createResponseFiles } from '../../../src/responses/response-files.ts'
import { createResponseStore, type ResponseStoreInit } from '../../../src/responses/response-store.ts'
import { poll } from '../../support/poll.ts'
import { idOf, makeRecord, makeState } from './make-response.ts'

const log = pino({ level: 'silent' })
const makeParent = async (): Promise<void> => {}
const INIT: ResponseStoreInit = {
  ttlMs: 0,
  maxCount: 100,
  maxTotalBytes: 1_000_000,
  maxFileBytes: 100_000,
  maxUnwrittenBytes: 100_000,
}

describe('the store of responses', () => {
  let parent = ''
  let folder = ''
  let now = 1000

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'local-ai-store-'))
    folder = join(parent, 'responses')
    now = 1000
  })
  afterEach(async () => await rm(parent, { recursive: true }))

  /** A store that has just been started on what is in the folder. */
  async function openStore(init: Partial<ResponseStoreInit> = {}) {
    const files = createResponseFiles({ log, makeParent }, { folder, maxFileBytes: INIT.maxFileBytes })
    const store = createResponseStore({ files, log, now: () => now }, { ...INIT, ...init })
    return { store, unfinished: await store.load() }
  }

  const names = async (): Promise<string[]> => (await readdir(folder)).sort()

  it('gives back what it was given, also after a restart', async () => {
    const { store } = await openStore()
    await store.save(makeRecord(1, { text: 'first' }))
    assert.deepEqual(await store.find(idOf(1), null), makeRecord(1, { text: 'first' }))
    const { store: again, unfinished } = await openStore()
    assert.deepEqual(unfinished, [])
    assert.deepEqual(await again.find(idOf(1), null), makeRecord(1, { text: 'first' }))
    assert.equal(await again.find(idOf(2), null), undefined)
    assert.equal(await again.find('../../etc/passwd', null), undefined)
    assert.ok(await again.remove(idOf(1), null))
    assert.ok(!(await again.remove(idOf(1), null)))
    assert.deepEqual(await names(), [])
  })

  it('keeps what is saved again while it is still being removed', async () => {
    const { store } = await openStore()
    for (let round = 0; round < 20; round++) {
      await store.save(makeRecord(1, { text: 'first' }))
      const removing = store.remove(idOf(1), null)
      await Promise.all([store.save(makeRecord(1, { text: 'second' })), removing])
      assert.deepEqual(await store.find(idOf(1), null), makeRecord(1, { text: 'second' }))
      assert.deepEqual(await names(), [`${idOf(1)}.json`])
    }
  })

  it('keeps what is saved again after a removal that waits for a write', async () => {
    const { store } = await openStore()
    for (let round = 0; round < 20; round++) {
      const first = store.save(makeRecord(1, { text: 'first'.repeat(4000) }))
      await nextTurn()
      const removing = store.remove(idOf(1), null)
      await Promise.all([first, removing, store.save(makeRecord(1, { text: 'second' }))])
      assert.deepEqual(await store.find(idOf(1), null), makeRecord(1, { text: 'second' }))
      assert.deepEqual(await names(), [`${idOf(1)}.json`])
    }
  })

  it('removes what its own process number began to write in an earlier life', async () => {
    const { store } = await openStore()
    await store.save(makeRecord(1))
    await writeFile(join(folder, `.${idOf(2)}.${process.pid}.new`), 'half')
    await openStore()
    assert.deepEqual(await names(), [`${idOf(1)}.json`])
  })

  it('keeps its files from other users', async () => {
    const { store } = await openStore()
    await store.save(makeRecord(1))
    assert.equal((await stat(folder)).mode & 0o777, 0o700)
    assert.equal((await stat(join(folder, `${idOf(1)}.json`))).mode & 0o777, 0o600)
  })

  it("knows nothing of somebody else's response", async () => {
    const { store } = await openStore()
    await store.save(makeRecord(1, { owner: 'ann' }))
    const { store: again } = await openStore()
    for (const owner of [null, 'bob']) {
      assert.equal(await again.find(idOf(1), owner), undefined)
      assert.ok(!(await again.remove(idOf(1), owner)))
    }
    assert.equal((await again.find(idOf(1), 'ann'))?.owner, 'ann')
  })

  it('lets responses go when their time is over, counted from when they were finished', async () => {
    const { store } = await openStore({ ttlMs: 100 })
    await store.save(makeRecord(1))
    now += 99
    await store.save(makeRecord(2))
    assert.ok((await store.find(idOf(1), null)) !== undefined)
    now += 1
    assert.equal(await store.find(idOf(1), null), undefined)
    assert.deepEqual(await names(), [`${idOf(2)}.json`])
    now += 99
    const { store: again } = await openStore({ ttlMs: 100 })
    await again.removeExpired()
    assert.deepEqual(await names(), [])
  })

  it('keeps in memory what cannot be written, and writes it when that works again', async () => {
    const { store } = await openStore()
    // As a folder that is full is: nothing can be made in it.
    await writeFile(folder, '')
    for (const number of [1, 2]) await store.save(makeRecord(number, { text: `text ${number}` }))
    assert.deepEqual(await store.find(idOf(1), null), makeRecord(1, { text: 'text 1' }))
    assert.equal(store.stateOf(idOf(2)), 'finished')
    await store.writeAgain()
    assert.deepEqual(await store.find(idOf(2), null), makeRecord(2, { text: 'text 2' }))
    await rm(folder)
    await store.writeAgain()
    assert.deepEqual(await names(), [`${idOf(1)}.json`, `${idOf(2)}.json`])
    const { store: again } = await openStore()
    assert.deepEqual(await again.find(idOf(2), null), makeRecord(2, { text: 'text 2' }))
  })

  it('keeps no more in memory than it may: the oldest goes', async () => {
    const { store } = await openStore({ maxUnwrittenBytes: 5000 })
    await writeFile(folder, '')
    // One after the other: which of several writes fails first is chance.
    for (const number of [1, 2, 3]) await store.save(makeRecord(number, { text: 'x'.repeat(2000) }))
    await poll('the oldest is gone', 5000, () => store.stateOf(idOf(1)) === undefined)
    assert.equal(await store.find(idOf(1), null), undefined)
    assert.ok((await store.find(idOf(3), null)) !== undefined)
  })

  it('makes its folder again when somebody has removed it', async () => {
    const { store } = await openStore()
    await store.save(makeRecord(1))
    await rm(folder, { recursive: true })
    await store.save(makeRecord(2))
    assert.deepEqual(await names(), [`${idOf(2)}.json`])
  })

  it('keeps no more than it may, and lets the oldest go', async () => {
    const { store } = await openStore({ maxCount: 2 })
    for (const number of [1, 2, 3]) {
      now += 1
      await store.save(makeRecord(number))
    }
    assert.deepEqual(await names(), [`${idOf(2)}.json`, `${idOf(3)}.json`])
    const { size } = await stat(join(folder, `${idOf(2)}.json`))
    const { store: small } = await openStore({ maxTotalBytes: size * 1.5 })
    assert.deepEqual(await names(), [`${idOf(3)}.json`])
    await small.save(makeRecord(4, { text: 'x'.repeat(size) }))
    assert.deepEqual(await names(), [])
    await small.save(makeRecord(5, { text: 'x'.repeat(INIT.maxFileBytes) }))
    assert.equal(await small.find(idOf(5), null), undefined)
    assert.deepEqual(await names(), [])
  })

  it('lets go what whoever has the most has had longest, and of bytes what is most in bytes', async () => {
    const { store } = await openStore({ maxCount: 4 })
    const owners = ['bob', 'ann', 'ann', 'ann', 'eve', 'ann', 'eve']
    for (const [index, owner] of owners.entries()) await store.save(makeRecord(index, { owner }))
    // Of ann's four, two have gone; when she and eve had two each, the older one's oldest went.
    assert.deepEqual(
      await names(),
      [0, 4, 5, 6].map((number) => `${idOf(number)}.json`),
    )
    const { size } = await stat(join(folder, `${idOf(0)}.json`))
    const { store: small } = await openStore({ maxTotalBytes: size * 6 })
    await small.save(makeRecord(7, { owner: 'bob', text: 'x'.repeat(size * 4) }))
    assert.deepEqual(
      await names(),
      [4, 5, 6].map((number) => `${idOf(number)}.json`),
    )
  })

  it('does not let go what is not finished yet', async () => {
    const { store } = await openStore({ maxCount: 1 })
    const running = { ...makeRecord(1), resource: { ...makeState().resource(), id: idOf(1) } }
    await store.save(running)
    await store.save(makeRecord(2))
    assert.deepEqual(await names(), [`${idOf(1)}.json`])
    await store.save(makeRecord(1))
    await store.save(makeRecord(3))
    assert.deepEqual(await names(), [`${idOf(3)}.json`])
  })

  it('writes the last state, however fast they come', async () => {
    const { store } = await openStore()
    const texts = ['a', 'b', 'c', 'd']
    await Promise.all(texts.map((text) => store.save(makeRecord(1, { text }))))
    const { store: again } = await openStore()
    assert.deepEqual(await again.find(idOf(1), null), makeRecord(1, { text: 'd' }))
    const writing = store.save(makeRecord(2))
    await store.remove(idOf(2), null)
    await writing
    assert.deepEqual(await names(), [`${idOf(1)}.json`])
  })

  it('leaves alone what it cannot read, and clears away what a crash left half-written', async () => {
    const { store } = await openStore()
    await store.save(makeRecord(1))
    await store.save(makeRecord(2))
    await writeFile(join(folder, `${idOf(2)}.json`), 'no head\n')
    const dead = `.${idOf(3)}.4194999.new`
    const alive = `.${idOf(3)}.${process.ppid}.new`
    for (const name of [dead, alive, 'notes.txt']) await writeFile(join(folder, name), '{')
    const { store: again } = await openStore()
    assert.ok((await again.find(idOf(1), null)) !== undefined)
    assert.equal(await again.find(idOf(2), null), undefined)
    assert.deepEqual(await names(), [alive, 'notes.txt', `${idOf(1)}.json`, `${idOf(2)}.json`])
    await writeFile(join(folder, `${idOf(1)}.json`), '{}\n{"owner":1}\n')
    await assert.rejects(again.find(idOf(1), null), { code: 'internal' })
    await rm(join(folder, `${idOf(1)}.json`))
    await assert.rejects(again.find(idOf(1), null), { code: 'internal' })
  })

  it('gives up what a crash broke off', async () => {
    const { store } = await openStore()
    const state = makeState({ background: true })
    state.created()
    await store.save({ owner: 'ann', streamed: true, resource: state.resource(), input: [] })
    await store.save(makeRecord(1))
    assert.deepEqual((await openStore()).unfinished, [idOf(0)])
    const responses = createResponses(
      { log, makeParent },
      { ...RESPONSES_DEFAULTS, ...INIT, folder, home: () => '0000000000' },
    )
    await responses.start()
    const found = await responses.find(idOf(0), 'ann')
    assert.equal(found?.resource.status, 'failed')
    assert.match(found.resource.error?.message ?? '', /restarted/)
    assert.equal((await responses.find(idOf(1), null))?.resource.status, 'completed')
    await responses.stop()
    assert.deepEqual((await openStore()).unfinished, [])
  })
})
