import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { createJobs, type JobRequest, type Jobs, type JobsInit } from '../../../src/gallery/jobs/create-jobs.ts'
import { isOver, type Job, newJob, stepped } from '../../../src/gallery/jobs/job.ts'
import { createJobHistory } from '../../../src/gallery/jobs/job-history.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { poll } from '../../support/poll.ts'

const log = createLogger({ level: 'silent', format: 'json' })

interface Place extends AsyncDisposable {
  readonly path: string
  readonly jobs: Jobs
  /** The same folder after the node has been started again. */
  restarted(): Promise<Jobs>
}

async function place(init: JobsInit = {}): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'local-ai-jobs-'))
  const path = join(folder, 'data', 'jobs.json')
  const made: Jobs[] = []
  async function start(): Promise<Jobs> {
    const jobs = createJobs({ log, history: createJobHistory({ log }, { path }) }, init)
    made.push(jobs)
    await jobs.start()
    return jobs
  }
  return {
    path,
    jobs: await start(),
    restarted: start,
    async [Symbol.asyncDispose]() {
      for (const jobs of made) await jobs.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Work that goes on until it is told to end, or is aborted. */
function held() {
  const started = Promise.withResolvers<void>()
  const free = Promise.withResolvers<void>()
  const work: JobRequest['work'] = async ({ signal }) => {
    started.resolve()
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    await Promise.race([free.promise, aborted])
  }
  return { work, started: started.promise, finish: () => free.resolve() }
}

const install = (subject: string, work: JobRequest['work'], kind: Job['kind'] = 'model'): JobRequest => ({
  kind,
  action: 'install',
  subject,
  key: subject,
  work,
})

async function over(jobs: Jobs, id: string): Promise<Job> {
  const job = await jobs.whenOver(id, { signal: AbortSignal.timeout(5000) })
  assert.ok(job !== undefined && isOver(job))
  return job
}

describe('jobs', { timeout: 60_000 }, () => {
  it('tell how far they are, in LocalAI’s words, and how they ended', async () => {
    await using at = await place()
    const gate = held()
    const job = at.jobs.submit(
      install('gallery@m', async (tools) => {
        tools.onStep({
          file: 'a.gguf',
          receivedBytes: 512 * 1024,
          totalBytes: 1024 * 1024,
          fileNumber: 2,
          fileCount: 4,
        })
        await gate.work(tools)
      }),
    )
    assert.deepEqual([job.state, job.percent, job.message], ['queued', 0, 'processing model: gallery@m'])
    await gate.started
    const running = at.jobs.find(job.id)
    assert.equal(running?.state, 'running')
    assert.equal(running.percent, 37.5)
    assert.equal(running.message, 'processing file: a.gguf. Total: 1.0 MiB. Current: 512.0 KiB')
    gate.finish()
    const done = await over(at.jobs, job.id)
    assert.deepEqual([done.state, done.percent, done.message], ['done', 100, 'completed'])
  })

  it('say what went wrong', async () => {
    await using at = await place()
    const job = at.jobs.submit(
      install('m', async () => {
        throw new AppError('download.failed', 'nobody answered')
      }),
    )
    const failed = await over(at.jobs, job.id)
    assert.deepEqual(
      [failed.state, failed.message, failed.error],
      ['failed', 'error: nobody answered', 'nobody answered'],
    )
  })

  it('can be waited for, also when they never begin; whoever stops waiting ends nothing', async () => {
    await using at = await place({ places: { model: 1, backend: 1 } })
    const [a, b] = [held(), held()]
    const first = at.jobs.submit(install('a', a.work))
    const second = at.jobs.submit(install('b', b.work))
    await a.started
    const waiting = at.jobs.whenOver(second.id)
    at.jobs.cancel(second.id)
    assert.equal((await waiting)?.state, 'cancelled')
    await assert.rejects(at.jobs.whenOver(first.id, { signal: AbortSignal.abort(new Error('enough')) }), /enough/)
    a.finish()
    assert.equal((await at.jobs.whenOver(first.id))?.state, 'done')
    assert.equal(await at.jobs.whenOver('nothing'), undefined)
  })

  it('run a few at a time, each kind in places of its own, and one after the other for the same thing', async () => {
    await using at = await place({ places: { model: 2, backend: 1 } })
    const [a, b, c, again, backend] = [held(), held(), held(), held(), held()]
    const first = at.jobs.submit(install('a', a.work))
    const second = at.jobs.submit(install('a', again.work))
    const third = at.jobs.submit(install('b', b.work))
    const fourth = at.jobs.submit(install('c', c.work))
    at.jobs.submit(install('x', backend.work, 'backend'))
    await Promise.all([a.started, b.started, backend.started])
    assert.deepEqual(
      [first, second, third, fourth].map(({ id }) => at.jobs.find(id)?.state),
      ['running', 'queued', 'running', 'queued'],
    )
    a.finish()
    await again.started
    assert.equal(at.jobs.find(fourth.id)?.state, 'queued')
    b.finish()
    await c.started
  })

  it('are cancelled while they wait and while they run', async () => {
    await using at = await place({ places: { model: 1, backend: 1 } })
    const [running, waiting] = [held(), held()]
    const first = at.jobs.submit(install('a', running.work))
    const second = at.jobs.submit(install('b', waiting.work))
    await running.started
    assert.equal(at.jobs.cancel(second.id), true)
    assert.equal(at.jobs.find(second.id)?.state, 'cancelled')
    assert.equal(at.jobs.cancel(first.id), true)
    assert.equal((await over(at.jobs, first.id)).message, 'cancelled')
    assert.equal(at.jobs.cancel(first.id), false)
    assert.equal(at.jobs.cancel('nobody'), false)
  })

  it('are refused when too many wait', async () => {
    await using at = await place({ places: { model: 1, backend: 1 }, maxQueued: 2 })
    const gate = held()
    at.jobs.submit(install('a', gate.work))
    await gate.started
    for (const name of ['b', 'c']) at.jobs.submit(install(name, gate.work))
    assert.throws(() => at.jobs.submit(install('d', gate.work)), { code: 'node.overloaded' })
  })

  it('are remembered across a restart, as many as there is room for, in a file for the owner only', async () => {
    await using at = await place({ maxOver: 2 })
    const ids: string[] = []
    for (const name of ['a', 'b', 'c']) {
      const { id } = at.jobs.submit(install(name, async () => {}))
      ids.push(id)
      await over(at.jobs, id)
    }
    await at.jobs.stop()
    assert.equal((await stat(at.path)).mode & 0o777, 0o600)
    const after = await at.restarted()
    assert.deepEqual(
      after.list().map(({ subject, state }) => [subject, state]),
      [
        ['b', 'done'],
        ['c', 'done'],
      ],
    )
    assert.equal(after.dismiss(ids[2] ?? ''), true)
    assert.equal(after.find(ids[2] ?? ''), undefined)
  })

  it('have failed when the node ended before they did', async () => {
    await using at = await place({ places: { model: 1, backend: 1 } })
    const [gate, waiting] = [held(), held()]
    const running = at.jobs.submit(install('a', gate.work))
    const queued = at.jobs.submit(install('b', waiting.work))
    await gate.started
    // As a node that was killed leaves it: the history has a job that runs.
    await poll('the history', 5000, async () => (await readFile(at.path, 'utf8').catch(() => '')).includes('"running"'))
    const killed = await at.restarted()
    assert.deepEqual([killed.find(running.id)?.state, killed.find(queued.id)?.state], ['failed', 'failed'])
    await at.jobs.stop()
    assert.match(at.jobs.find(running.id)?.error ?? '', /node ended/)
    assert.match(at.jobs.find(queued.id)?.error ?? '', /node ended/)
  })

  for (const [what, text] of [
    ['no JSON', '{'],
    ['no list', '{"a":1}'],
    ['something else in the list', '[1, {"id":"../../x"}, null]'],
  ] as const) {
    it(`begin anew with a history that is ${what}`, async () => {
      await using at = await place()
      at.jobs.submit(install('a', async () => {}))
      await at.jobs.stop()
      await writeFile(at.path, text)
      assert.deepEqual((await at.restarted()).list(), [])
    })
  }
})

describe('the progress of a job', () => {
  const job = newJob({ id: 'x', kind: 'backend', action: 'install', subject: 's' }, 0)

  it('never goes back, also when a second source begins anew', () => {
    const half = stepped(job, { file: 'f', receivedBytes: 50, totalBytes: 100 })
    assert.equal(stepped(half, { file: 'f', receivedBytes: 0, totalBytes: 100 }).percent, 50)
  })

  it('counts steps where there are no bytes', () => {
    const step = stepped(job, { file: 'compiling x.c', receivedBytes: 3, totalBytes: 10, unit: 'steps' })
    assert.deepEqual([step.message, step.percent, step.receivedBytes], ['compiling x.c (3 of 10)', 30, 0])
  })

  it('does without a size', () => {
    const step = stepped(job, { file: 'f', receivedBytes: 2048 })
    assert.equal(step.message, 'processing file: f. Total: unknown. Current: 2.0 KiB')
    assert.equal(step.percent, 0)
  })
})
