import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { createLogHistory } from '../../src/telemetry/log-history.ts'
import { createMetricsSeries } from '../../src/telemetry/metrics-series.ts'
import { startApi } from './api-harness.ts'

const KEY = 'the-owner'
const authorization = { authorization: `Bearer ${KEY}` }

test('the log can be read and followed by the owner only, and a line is one event whatever is in it', async () => {
  const history = createLogHistory()
  const log = pino({ base: null }, { write: (line) => history.take(line) })
  await using api = await startApi({ apiKeys: [KEY] }, { logHistory: history })
  for (const path of ['/api/logs', '/api/logs/events']) assert.equal((await fetch(`${api.url}${path}`)).status, 401)
  log.warn({ room: 'api', model: '<b>\n\ndata: x' }, 'first')
  const answer = await fetch(`${api.url}/api/logs?level=warn`, { headers: authorization })
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  const body = (await answer.json()) as { lines: { id: number; message: string }[]; rooms: string[] }
  assert.deepEqual(body.rooms, ['api'])
  assert.deepEqual(
    body.lines.map(({ id, message }) => [id, message]),
    [[1, 'first']],
  )
  const wrong = await fetch(`${api.url}/api/logs?level=loud`, { headers: authorization })
  assert.equal(wrong.status, 400)

  const stream = await fetch(`${api.url}/api/logs/events?after=0&text=data`, { headers: authorization })
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('data: {')) text += (await reader?.read())?.value ?? assert.fail('the stream has ended')
  const [, event = ''] = /^data: (.*)$/m.exec(text) ?? []
  assert.equal(JSON.parse(event).fields.model, '<b>\n\ndata: x')
  await reader?.cancel()
})

test('the series is there beside the metrics, and not without them', async () => {
  const memory = () => ({ processBytes: 1, machineFreeBytes: 2 })
  const series = createMetricsSeries({ unixNow: () => 50, memory })
  series.sample()
  await using api = await startApi({}, { series })
  const read = async (query: string) =>
    (await (await fetch(`${api.url}/api/metrics/series${query}`)).json()) as { points: { at: number }[] }
  assert.deepEqual(
    (await read('')).points.map(({ at }) => at),
    [50],
  )
  assert.deepEqual((await read('?since=50')).points, [])
  await using without = await startApi({ metricsEndpoint: false }, { series })
  assert.equal((await fetch(`${without.url}/api/metrics/series`)).status, 404)
})
