import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createDiscovery } from '../../../src/explorer/discovery.ts'
import { createHistoryStore } from '../../../src/explorer/history-store.ts'
import { importLocalAi } from '../../../src/explorer/import-localai.ts'
import { openExplorer } from '../../../src/explorer/open-explorer.ts'
import { createTokenVault } from '../../../src/explorer/token-vault.ts'
import { createVisits, type VisitNetwork } from '../../../src/explorer/visits.ts'
import type { PublicSummary } from '../../../src/p2p/view/public-summary.ts'
import { poll } from '../../support/poll.ts'

const SUMMARY: PublicSummary = {
  ...{
    version: 1,
    madeAtUnixMs: 1,
    name: '',
    models: [],
    nodesLeftOut: 0,
    modelsLeftOut: 0,
    places: ['/ip4/192.0.2.1/tcp/1'],
  },
  nodes: [
    {
      ...{ id: '0'.repeat(16), group: '', serves: true, lends: false, online: true, draining: false, version: 'v1' },
      ...{ models: 1, running: 0, slots: 1, memoryTotalBytes: 0 },
    },
  ],
}
const NOBODY: PublicSummary = { ...SUMMARY, nodes: [] }
const silent = { info() {}, debug() {}, error() {} }

/** An explorer's inside with a clock that stands still and visits that the test plays. */
function open(play: VisitNetwork, { atOnce = 2, timeoutMs = 60_000 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'local-ai-explorer-'))
  const vault = createTokenVault(Buffer.alloc(32, 1))
  const { store, histories, atomically, database, ...rest } = openExplorer(join(folder, 'pool.db'), vault)
  let nowMs = 1_700_000_000_000
  const now = () => nowMs
  const visits = createVisits(
    { log: silent, store, histories, vault, visit: play, atomically, now, random: () => 0.5 },
    { timeoutMs, intervalMs: 60_000, threshold: 3 },
  )
  const discovery = createDiscovery({ log: silent, store, visits, now }, { atOnce })
  return {
    ...{ store, histories, database, discovery, vault, now, visits },
    add(...ids: readonly string[]) {
      for (const id of ids) {
        const sealedToken = vault.seal(id, `token of ${id}`)
        store.add({
          ...{ id, kind: 'view', name: id, description: '', open: false, addedAtUnixMs: nowMs, places: ['/a'] },
          ...{ sealedToken, keyHash: undefined },
        })
      }
    },
    pass: (ms: number) => {
      nowMs += ms
    },
    async [Symbol.asyncDispose]() {
      await discovery.stop()
      rest[Symbol.dispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

describe('discovery', () => {
  it('visits nobody for a while when the outcome cannot be written, and goes on when it can', async () => {
    let visits = 0
    await using explorer = open(async () => {
      visits += 1
      // Were it asked all the time, this test would not get its turn.
      return visits < 10 ? SUMMARY : await new Promise<PublicSummary>(() => {})
    })
    explorer.add('a')
    explorer.database.exec("CREATE TRIGGER full BEFORE UPDATE ON networks BEGIN SELECT RAISE(FAIL, 'disk full'); END")
    await explorer.discovery.start()
    const isIdle = () => explorer.discovery.status().visiting === 0
    await poll('the first visit is over', 5000, isIdle)
    for (let times = 0; times < 5; times += 1) {
      explorer.discovery.look()
      await poll('nobody is visited', 5000, isIdle)
    }
    assert.equal(visits, 1)
    explorer.database.exec('DROP TRIGGER full')
    explorer.pass(30_000)
    explorer.discovery.look()
    await poll('the outcome is written', 5000, () => explorer.store.find('a')?.seenAtUnixMs !== undefined)
    assert.equal(visits, 2)
  })

  it('goes on with its visits when the clock was ahead and is put right', async () => {
    await using explorer = open(async () => SUMMARY)
    explorer.add('a')
    await explorer.discovery.start()
    await poll('the first visit is over', 5000, () => explorer.discovery.status().succeeded === 1)
    explorer.pass(-365 * 24 * 60 * 60_000)
    explorer.discovery.look()
    await poll('it is visited again', 5000, () => explorer.discovery.status().succeeded === 2)
    assert.equal(explorer.store.find('a')?.nextVisitAtUnixMs, explorer.now() + 60_000)
  })

  it('visits so many at a time, and one that never ends keeps none of the others waiting', async () => {
    const seen: string[] = []
    const never = new Promise<PublicSummary>(() => {})
    await using explorer = open(async ({ token, places }) => {
      seen.push(token)
      assert.deepEqual(places, ['/a'])
      return token.endsWith('dead') ? await never : SUMMARY
    })
    explorer.add('dead', 'b', 'c', 'd', 'e')
    await explorer.discovery.start()
    await poll('all were visited', 5000, () => explorer.discovery.status().succeeded === 4)
    assert.equal(explorer.discovery.status().visiting, 1)
    assert.equal(new Set(seen).size, 5)
    assert.equal(explorer.store.find('b')?.nextVisitAtUnixMs, explorer.now() + 60_000)
    assert.deepEqual(explorer.store.secretsOf('b')?.places, SUMMARY.places)
    assert.equal(explorer.store.find('dead')?.visitedAtUnixMs, undefined)
  })

  it('never runs more visits than it may', async () => {
    let running = 0
    let most = 0
    await using explorer = open(
      async () => {
        running += 1
        most = Math.max(most, running)
        await new Promise(setImmediate)
        running -= 1
        return SUMMARY
      },
      { atOnce: 3 },
    )
    explorer.add(...Array.from({ length: 20 }, (_, index) => `n${index}`))
    assert.equal((await explorer.discovery.pass()).succeeded, 20)
    assert.equal(most, 3)
  })

  it('gives up a visit after its time, whatever the visitor does with its signal', async () => {
    await using explorer = open(async () => await new Promise<PublicSummary>(() => {}), { timeoutMs: 20 })
    explorer.add('a')
    const { failed } = await explorer.discovery.pass()
    assert.equal(failed, 1)
    assert.equal(explorer.store.find('a')?.failures, 1)
  })

  it('takes a network off the list at the fourth failure in a row; nobody who works is a failure too', async () => {
    let answer: PublicSummary | Error = NOBODY
    await using explorer = open(async () => {
      if (answer instanceof Error) throw answer
      return answer
    })
    explorer.add('a')
    const failures = async () => {
      await explorer.discovery.pass()
      return explorer.store.find('a')?.failures
    }
    assert.equal(await failures(), 1)
    answer = SUMMARY
    assert.equal(await failures(), 0)
    answer = new Error('nobody')
    assert.deepEqual([await failures(), await failures(), await failures()], [1, 2, 3])
    assert.equal(explorer.store.find('a')?.summary?.nodes.length, 1, 'what was seen stays')
    assert.equal(await failures(), undefined)
    assert.equal(explorer.discovery.status().takenOff, 1)
    assert.deepEqual(explorer.histories.of('a', 'day'), [], 'its history goes with it')
  })

  it('visits a network that was added at once, and waits longer for one that fails', async () => {
    await using explorer = open(async ({ token }) => {
      if (token.endsWith('bad')) throw new Error('nobody')
      return SUMMARY
    })
    await explorer.discovery.start()
    explorer.add('bad')
    explorer.discovery.look()
    await poll('it was visited', 5000, () => explorer.store.find('bad')?.failures === 1)
    assert.equal(explorer.store.find('bad')?.nextVisitAtUnixMs, explorer.now() + 60_000)
    explorer.pass(61_000)
    explorer.discovery.look()
    await poll('it was visited again', 5000, () => explorer.store.find('bad')?.failures === 2)
    assert.equal(explorer.store.find('bad')?.nextVisitAtUnixMs, explorer.now() + 240_000)
  })

  it('keeps three series, each with an end', async () => {
    await using explorer = open(async () => SUMMARY)
    explorer.add('a')
    for (let visit = 0; visit < 400; visit += 1) {
      explorer.histories.note('a', explorer.now(), visit % 2 === 0 ? { nodes: 2, workers: 1, models: 3 } : undefined)
      explorer.pass(300_000)
    }
    const day = explorer.histories.of('a', 'day')
    assert.equal(day.length, 288)
    assert.ok(explorer.histories.of('a', 'month').length <= 35)
    const year = explorer.histories.of('a', 'year')
    assert.equal(
      year.reduce((sum, { visits }) => sum + visits, 0),
      400,
    )
    assert.deepEqual(
      explorer.histories.countsOf('a', explorer.now()),
      explorer.histories.counts(explorer.now()).get('a'),
    )
    assert.equal(explorer.histories.counts(explorer.now()).get('a')?.successes, 200)
    explorer.histories.note('gone', explorer.now(), undefined)
    assert.deepEqual(explorer.histories.of('gone', 'day'), [])
  })

  it('looks up what it tells of a history, and reads none to its end for that', async () => {
    await using explorer = open(async () => SUMMARY)
    const { database } = explorer
    const asked: string[] = []
    const prepare = (sql: string) => {
      asked.push(sql)
      return database.prepare(sql)
    }
    createHistoryStore({ prepare } as typeof database)
    const plans = asked.flatMap((sql) => database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all())
    assert.ok(plans.some(({ detail }) => /SEARCH samples/.test(String(detail))))
    assert.deepEqual(
      plans.map(({ detail }) => String(detail)).filter((detail) => /SCAN samples/.test(detail)),
      [],
    )
  })
})

describe('a pool database of LocalAI', () => {
  const readToken = (text: string) => {
    if (text === 'none') throw new Error('no token')
    return { kind: 'full', id: text.padEnd(32, '0'), text } as const
  }
  it('is taken over once, without tokens that are none, and closed', async () => {
    await using explorer = open(async () => SUMMARY)
    const deps = { ...explorer, readToken }
    const content = JSON.stringify({
      abc: { name: 'Lab\u0000', description: 'd'.repeat(2000), Clusters: null, Failures: 2 },
      none: { name: 'x', description: 'y' },
      def: 7,
    })
    assert.deepEqual(importLocalAi(content, deps), { taken: 2, left: 1 })
    const [lab] = explorer.store.list().filter(({ name }) => name === 'Lab')
    assert.equal(lab?.open, false)
    assert.equal(lab?.description.length, 1000)
    explorer.store.remove(lab?.id ?? '')
    assert.equal(importLocalAi(content, deps), undefined, 'what was removed does not come back')
    for (const wrong of ['[]', '{', '7']) assert.throws(() => importLocalAi(wrong, deps), { code: 'config.invalid' })
  })
})

describe('the pool database', () => {
  it('does not open with another key while tokens are in it', async () => {
    await using explorer = open(async () => SUMMARY)
    const file = String(explorer.database.location())
    const other = createTokenVault(Buffer.alloc(32, 9))
    openExplorer(file, other)[Symbol.dispose]()
    openExplorer(file, explorer.vault)[Symbol.dispose]()
    explorer.add('a')
    assert.throws(() => openExplorer(file, other), { code: 'config.invalid', message: /another key/ })
    openExplorer(file, explorer.vault)[Symbol.dispose]()
  })
})
