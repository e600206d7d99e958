import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { toLeaseHeaders } from '../../../../src/workers/lease/lease-words.ts'
import type { LeaseRequest, WorkerLease } from '../../../../src/workers/worker-pool.ts'
import { poll } from '../../../support/poll.ts'
import { BUILD, MEBIBYTE, startLender } from './fakes.ts'

const LENDER = 'id-lender'
const ask = (more: Partial<LeaseRequest> = {}): LeaseRequest => ({
  model: 'großes Modell',
  memoryBytes: 100 * MEBIBYTE,
  waitMs: 0,
  ...more,
})

async function echo({ stream }: WorkerLease, text: string): Promise<string> {
  stream.write(text)
  const [bytes] = (await once(stream, 'data')) as [Buffer]
  return bytes.toString()
}

describe('a lease between two nodes', () => {
  it('gives a user a worker of its own, tells of it, and frees it when it is given back', async () => {
    await using here = await startLender()
    const pool = here.poolOf('ada')
    const lease = await pool.lease(LENDER, ask({ layers: 3 }))
    assert.equal(await echo(lease, 'hello'), 'hello')
    const [view] = pool.list()
    assert.equal(view?.busy, true)
    assert.equal(view?.use?.model, 'großes Modell')
    assert.equal(view?.use?.layers, 3)
    const { lease: lent } = here.lender.status()
    assert.equal(lent?.name, 'ada')
    assert.equal(lent?.model, 'großes Modell')
    assert.deepEqual([lent?.bytesIn, lent?.bytesOut, lent?.roundTrips], [5, 5, 1])
    assert.equal(here.workers.running[0]?.limits, 100 * MEBIBYTE)
    await lease[Symbol.asyncDispose]()
    await lease.over
    await poll(
      'the lender is as wanted',
      5000,
      () => here.workers.running[0]?.stopped === true && here.lender.lends()?.busy === false,
    )
    assert.equal(pool.list()[0]?.use, undefined)
    const figures = await here.metrics.text()
    assert.match(figures, /local_ai_worker_leases_total\{side="lent",outcome="returned"\} 1/)
    assert.match(figures, /local_ai_worker_leases_total\{side="borrowed",outcome="returned"\} 1/)
    assert.match(figures, /local_ai_worker_bytes_total\{side="lent",direction="in"\} 5/)
  })

  it('is given back, and not lost, when its engine has left', async () => {
    await using here = await startLender()
    const lease = await here.poolOf('ada').lease(LENDER, ask())
    lease.events.userLeft?.()
    lease.stream.destroy()
    await lease.over
    assert.match(await here.metrics.text(), /local_ai_worker_leases_total\{side="borrowed",outcome="returned"\} 1/)
  })

  it('refuses a second user that does not wait, and serves one that does when the first has gone', async () => {
    await using here = await startLender()
    const first = await here.poolOf('ada').lease(LENDER, ask())
    await assert.rejects(here.poolOf('bob').lease(LENDER, ask()), { code: 'worker.busy' })
    const second = here.poolOf('bob').lease(LENDER, ask({ waitMs: 5000 }))
    await poll('the lender is as wanted', 5000, () => here.lender.status().waiting.length === 1)
    assert.equal(here.lender.lends()?.waiting, 1)
    assert.equal(here.workers.running.length, 1)
    await first[Symbol.asyncDispose]()
    await using served = await second
    assert.equal(await echo(served, 'mine'), 'mine')
    assert.equal(here.workers.running.length, 2)
  })

  it('forgets a waiting user that has left, and one whose time is up', async () => {
    await using here = await startLender()
    await using _first = await here.poolOf('ada').lease(LENDER, ask())
    const leaves = new AbortController()
    const left = here.poolOf('bob').lease(LENDER, ask({ waitMs: 5000 }), { signal: leaves.signal })
    await poll('the lender is as wanted', 5000, () => here.lender.status().waiting.length === 1)
    leaves.abort(new Error('not any more'))
    await assert.rejects(left, /not any more/)
    await poll('the lender is as wanted', 5000, () => here.lender.status().waiting.length === 0)
    await assert.rejects(here.poolOf('cy').lease(LENDER, ask({ waitMs: 20 })), { code: 'worker.busy' })
    assert.equal(here.lender.status().waiting.length, 0)
  })

  it('refuses another build or protocol before a worker is started', async () => {
    await using here = await startLender()
    for (const own of [
      { ...BUILD, build: '3.22.2-linux-x64' },
      { ...BUILD, protocol: '7.0.1' },
    ]) {
      const pool = here.poolOf('ada', own)
      assert.match(String(pool.list()[0]?.unusable), /runs ggml 3\.22\.1/)
      await assert.rejects(pool.lease(LENDER, ask()), { code: 'worker.mismatch' })
    }
    assert.equal(here.workers.running.length, 0)
  })

  it('lends to those only that the operator names, and the others remember it', async () => {
    const to = ['bob', 'id-cy']
    await using here = await startLender({ rules: () => ({ enabled: true, memoryBytes: undefined, threads: 1, to }) })
    const ada = here.poolOf('ada')
    await assert.rejects(ada.lease(LENDER, ask()), { code: 'worker.refused' })
    assert.equal(ada.list()[0]?.unusable, 'it does not lend to this node')
    for (const name of ['bob', 'cy']) await (await here.poolOf(name).lease(LENDER, ask()))[Symbol.asyncDispose]()
    await assert.rejects(here.poolOf('stranger').lease(LENDER, ask()), { code: 'worker.refused' })
  })

  it('ends the lease of a user that the operator names no more, and of no other', async () => {
    let to: readonly string[] = []
    await using here = await startLender({ rules: () => ({ enabled: true, memoryBytes: undefined, threads: 1, to }) })
    const lease = await here.poolOf('ada').lease(LENDER, ask())
    to = ['ada']
    here.lender.rulesChanged()
    assert.equal(await echo(lease, 'x'), 'x')
    to = ['bob']
    here.lender.rulesChanged()
    await lease.over
  })

  it('refuses more memory than it can lend', async () => {
    await using here = await startLender()
    const most = here.lender.lends()?.memoryBytes ?? 0
    assert.ok(most <= 800 * MEBIBYTE && most >= 700 * MEBIBYTE, String(most))
    await assert.rejects(here.poolOf('ada').lease(LENDER, ask({ memoryBytes: most + 1 })), { code: 'worker.refused' })
  })

  it('ends with its worker, and the next user gets a new one', async () => {
    await using here = await startLender()
    const lease = await here.poolOf('ada').lease(LENDER, ask())
    await echo(lease, 'x')
    here.workers.running[0]?.die()
    await lease.over
    await poll('the lender is as wanted', 5000, () => here.lender.lends()?.busy === false)
    await using next = await here.poolOf('ada').lease(LENDER, ask())
    assert.equal(await echo(next, 'y'), 'y')
    assert.match(await here.metrics.text(), /local_ai_worker_leases_total\{side="lent",outcome="worker-lost"\} 1/)
  })

  it('rests after a worker that ended without having served, and withdraws its offer meanwhile', async () => {
    let now = 1_000_000
    await using here = await startLender({ now: () => now })
    const lease = await here.poolOf('ada').lease(LENDER, ask())
    here.workers.running[0]?.die()
    await lease.over
    await poll('the lender is as wanted', 5000, () => here.lender.lends() === undefined)
    assert.match(String(here.lender.status().because), /could not be started lately/)
    await assert.rejects(here.poolOf('ada').lease(LENDER, ask()), { code: 'worker.refused' })
    now += 1001
    assert.ok(here.lender.lends())
  })

  it('rests and ends as ever when the clock goes back in the middle', async () => {
    let now = 1_000_000_000
    await using here = await startLender({ now: () => now })
    const pool = here.poolOf('ada', undefined, () => now)
    const first = await pool.lease(LENDER, ask())
    now -= 7_200_000
    here.workers.running[0]?.die()
    await first.over
    await poll('the lender is as wanted', 5000, () => here.lender.lends() === undefined)
    now -= 7_200_000
    await using second = await pool.lease(LENDER, ask())
    assert.equal(await echo(second, 'y'), 'y')
    const text = await here.metrics.text()
    for (const side of ['lent', 'borrowed']) {
      assert.match(text, new RegExp(`local_ai_worker_leases_total\\{side="${side}",outcome="worker-lost"\\} 1`))
    }
  })

  it('is over at once when the user has left the network, or when nothing is lent any more', async () => {
    let enabled = true
    await using here = await startLender({ rules: () => ({ enabled, memoryBytes: undefined, threads: 1, to: [] }) })
    const gone = await here.poolOf('ada').lease(LENDER, ask())
    here.gone('ada')
    await gone.over
    await poll('the lender is as wanted', 5000, () => here.lender.lends()?.busy === false)
    const ended = await here.poolOf('bob').lease(LENDER, ask())
    const waiting = here.poolOf('cy').lease(LENDER, ask({ waitMs: 5000 }))
    await poll('the lender is as wanted', 5000, () => here.lender.status().waiting.length === 1)
    enabled = false
    here.lender.rulesChanged()
    await ended.over
    await assert.rejects(waiting, { code: 'worker.refused' })
    assert.equal(here.lender.lends(), undefined)
    enabled = true
    here.lender.rulesChanged()
    await poll('the lender is as wanted', 5000, () => here.lender.lends()?.busy === false)
    await (await here.poolOf('bob').lease(LENDER, ask()))[Symbol.asyncDispose]()
  })

  it('answers what is no such request with an error, and starts nothing', async () => {
    await using here = await startLender()
    const good = toLeaseHeaders({ ...ask(), ...BUILD })
    const upgrade = { connection: 'Upgrade', upgrade: 'local-ai-rpc' }
    const cases: [Record<string, string>, RegExp][] = [
      [{ ...upgrade }, /^HTTP\/1\.1 400 /],
      [{ ...upgrade, ...good, 'x-localai-lease-memory': '-1' }, /^HTTP\/1\.1 400 /],
      [{ ...upgrade, ...good, 'x-localai-lease-memory': '0' }, /^HTTP\/1\.1 400 /],
      [{ ...upgrade, ...good, 'x-localai-lease-build': 'a b' }, /^HTTP\/1\.1 400 /],
      [{ ...upgrade, ...good, 'x-localai-lease-model': '%zz' }, /^HTTP\/1\.1 400 /],
      [{ ...upgrade, ...good, upgrade: 'websocket' }, /^HTTP\/1\.1 404 /],
      [{ ...good }, /^HTTP\/1\.1 404 /],
    ]
    for (const [headers, wanted] of cases) {
      const socket = here.connect('ada')
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(`POST /p2p/workers/lease HTTP/1.1\r\nHost: peer\r\nContent-Length: 0\r\n${lines.join('')}\r\n`)
      const [bytes] = (await once(socket, 'data')) as [Buffer]
      assert.match(bytes.toString(), wanted)
      socket.destroy()
    }
    const early = here.connect('ada')
    const lines = Object.entries({ ...upgrade, ...good }).map(([name, value]) => `${name}: ${value}\r\n`)
    early.write(`POST /p2p/workers/lease HTTP/1.1\r\nHost: peer\r\n${lines.join('')}\r\nRPC before the answer`)
    const [bytes] = (await once(early, 'data')) as [Buffer]
    assert.match(bytes.toString(), /^HTTP\/1\.1 400 /)
    early.destroy()
    assert.equal(here.workers.running.length, 0)
  })
})
