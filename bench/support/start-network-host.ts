import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { HostOrder, HostReport } from './network-host.ts'

const HOST = fileURLToPath(new URL('./network-host.ts', import.meta.url))
const ANSWER_TIMEOUT_MS = 60_000

type ReportOf<Name extends HostReport['event']> = Extract<HostReport, { event: Name }>

export interface HostProcess extends AsyncDisposable {
  /** Resident bytes before it held any network. */
  readonly emptyRss: number
  tell(order: HostOrder): void
  /** The first report, come or to come, for which the test holds. */
  next<Name extends HostReport['event']>(
    event: Name,
    test: (report: ReportOf<Name>) => boolean,
  ): Promise<ReportOf<Name>>
  sample(): Promise<ReportOf<'sample'>>
}

export async function startHost(): Promise<HostProcess> {
  const child = fork(HOST, { execArgv: ['--expose-gc'] })
  const exited = once(child, 'exit')
  const reports: HostReport[] = []
  const waiters = new Set<() => void>()
  child.on('message', (report: HostReport) => {
    reports.push(report)
    for (const waiter of waiters) waiter()
  })
  let samples = 0

  async function next<Name extends HostReport['event']>(
    event: Name,
    test: (report: ReportOf<Name>) => boolean,
  ): Promise<ReportOf<Name>> {
    const matches = (report: HostReport): report is ReportOf<Name> =>
      report.event === event && test(report as ReportOf<Name>)
    const wanted = Promise.withResolvers<ReportOf<Name>>()
    const look = (): void => {
      const found = reports.find(matches)
      if (found !== undefined) wanted.resolve(found)
    }
    const late = setTimeout(() => wanted.reject(new Error(`no ${event} in ${ANSWER_TIMEOUT_MS} ms`)), ANSWER_TIMEOUT_MS)
    waiters.add(look)
    look()
    try {
      return await wanted.promise
    } finally {
      clearTimeout(late)
      waiters.delete(look)
    }
  }

  const { rss } = await next('ready', () => true)
  return {
    emptyRss: rss,
    tell: (order) => child.send(order),
    next,
    async sample() {
      samples += 1
      const number = samples
      child.send({ do: 'sample', number } satisfies HostOrder)
      return await next('sample', (report) => report.number === number)
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.send({ do: 'stop' } satisfies HostOrder)
      const late = setTimeout(() => child.kill('SIGKILL'), ANSWER_TIMEOUT_MS)
      await exited
      clearTimeout(late)
    },
  }
}
