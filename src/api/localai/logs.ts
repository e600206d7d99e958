import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { LogEntry, LogHistory } from '../../telemetry/log-history.ts'
import { clientGone } from '../client-gone.ts'
import { toAppError } from '../error-response.ts'
import { type EventStreamFormat, type EventStreamLimits, sendEventStream } from '../sse.ts'
import { plainShape } from './management-deps.ts'

export interface LogsDeps {
  readonly history: Pick<LogHistory, 'list' | 'rooms' | 'watch' | 'watchers'>
  readonly streamLimits: EventStreamLimits
  /** Aborts when the node begins to stop: this stream would never end by itself. */
  readonly stopping: AbortSignal
}

const Level = Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])

const Entry = Type.Object({
  /** Counts up from 1 while the process lives. */
  id: Type.Integer(),
  /** Unix time in milliseconds. */
  at: Type.Number(),
  level: Level,
  room: Type.Optional(Type.String()),
  message: Type.String(),
  fields: Type.Record(Type.String(), Type.Unknown()),
})

const filter = {
  /** This level and those louder. */
  level: Type.Optional(Level),
  room: Type.Optional(Type.String({ maxLength: 40 })),
  text: Type.Optional(Type.String({ maxLength: 200 })),
}
const Query = Type.Object({ ...filter, limit: Type.Optional(Type.String({ pattern: '^[0-9]{1,4}$' })) })
const FollowQuery = Type.Object({ ...filter, after: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' })) })
const Lines = Type.Object({ lines: Type.Array(Entry), rooms: Type.Array(Type.String()) })

const DEFAULT_LIMIT = '500'
const MAX_WATCHERS = 16
const tags = ['system']
const config = { access: 'admin', errorShape: plainShape } as const

/** Ours: the last lines of the node's log, for its owner. */
export const logs: FastifyPluginAsyncTypebox<LogsDeps> = async (app, { history, streamLimits, stopping }) => {
  const list = { tags, summary: 'The last lines of the log', querystring: Query, response: { 200: Lines } }
  app.get('/api/logs', { schema: list, config }, async ({ query: { limit = DEFAULT_LIMIT, ...wanted } }, reply) => {
    reply.header('Cache-Control', 'no-store')
    return { lines: history.list(wanted, Number(limit)).map(toLine), rooms: [...history.rooms()] }
  })

  const follow = { tags, summary: 'Lines of the log as they come; `after` is the id of the last one known' }
  app.get(
    '/api/logs/events',
    { schema: { ...follow, querystring: FollowQuery }, config: { ...config, events: Entry } },
    async ({ query: { after = '0', ...wanted } }, reply) => {
      if (history.watchers >= MAX_WATCHERS) throw new AppError('node.overloaded', 'too many are reading the log')
      const signal = AbortSignal.any([clientGone(reply), stopping])
      const events = withOpening(history.watch(wanted, Number(after), { signal }))
      await sendEventStream(reply, events, { format: FORMAT, limits: streamLimits, signal })
      return reply
    },
  )
}

function toLine({ unixMs, fields, ...entry }: LogEntry) {
  return { ...entry, at: unixMs, fields: { ...fields } }
}

/** Whoever listens knows at once that it does, also while nothing is logged. */
async function* withOpening(entries: AsyncIterable<LogEntry>): AsyncGenerator<LogEntry | 'opening', void> {
  yield 'opening'
  yield* entries
}

const FORMAT: EventStreamFormat<LogEntry | 'opening'> = {
  opening: '',
  render: (event) => (event === 'opening' ? ': listening\n\n' : `data: ${JSON.stringify(toLine(event))}\n\n`),
  fail: (error) => `event: error\ndata: ${JSON.stringify({ message: toAppError(error).message })}\n\n`,
  closing: () => '',
}
