import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pino } from 'pino'
import { newStamp, readStamp } from '../../../src/api/stamp.ts'
import { createResponses, RESPONSES_DEFAULTS, type Responses } from '../../../src/responses/create-responses.ts'
import type { ResponseStatus } from '../../../src/responses/resource.ts'
import type { ResponseRecord } from '../../../src/responses/response-record.ts'
import { ECHO, makeRecord } from './make-response.ts'

function withStatus(record: ResponseRecord, status: ResponseStatus): ResponseRecord {
  return { ...record, resource: { ...record.resource, status } }
}

function textOf(record: ResponseRecord | undefined): string | undefined {
  return /"text":"([^"]*)"/.exec(JSON.stringify(record?.resource.output ?? ''))?.[1]
}

describe("another node's version of a response", () => {
  let folder = ''
  let responses: Responses
  const told: string[] = []

  function create(): Responses {
    const events = {
      begun: () => void told.push('begun'),
      finished: ({ resource }: ResponseRecord) => void told.push(`finished ${resource.status}`),
      removed: () => void told.push('removed'),
    }
    return createResponses(
      { log: pino({ level: 'silent' }), makeParent: async () => {}, events },
      { ...RESPONSES_DEFAULTS, folder: join(folder, 'responses'), home: () => '0123456789', ttlMs: 0 },
    )
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

  it('takes the place of one that was never answered to its end, and of no other', async () => {
    const rows = [
      ['queued', true],
      ['in_progress', true],
      ['failed', true],
      ['cancelled', true],
      ['incomplete', false],
      ['completed', false],
    ] as const
    for (const [index, [status, taken]] of rows.entries()) {
      const here = withStatus(makeRecord(index, { text: 'here' }), status)
      assert.equal(await responses.adopt(here), true)
      assert.equal(await responses.adopt(makeRecord(index, { text: 'there' })), taken, status)
      const found = await responses.find(here.resource.id, null)
      assert.equal(textOf(found), taken ? 'there' : 'here', status)
    }
    assert.deepEqual(told, [])
  })

  it('belongs to whoever it belonged to', async () => {
    const own = withStatus(makeRecord(20, { owner: 'ann' }), 'failed')
    assert.equal(await responses.adopt(own), true)
    assert.equal(await responses.adopt(makeRecord(20, { owner: 'bob' })), false)
    assert.equal(await responses.find(own.resource.id, 'bob'), undefined)
    assert.equal(await responses.forget(own.resource.id, 'bob'), false)
  })

  it('does not bring back what was deleted, here or there', async () => {
    for (const [index, way] of (['remove', 'forget'] as const).entries()) {
      const record = makeRecord(30 + index)
      await responses.adopt(record)
      told.length = 0
      assert.equal(await responses[way](record.resource.id, null), true)
      assert.equal(await responses.adopt(record), false)
      assert.equal(responses.stateOf(record.resource.id), undefined)
      assert.deepEqual(told, way === 'remove' ? ['removed'] : [])
    }
  })

  it('waits while the response is made here, too', async () => {
    const describe = () => ({ type: 'model_error', code: 'server_error', message: 'told', param: '' })
    const stamp = readStamp(newStamp())
    const running = responses.begin({ owner: null, echo: ECHO, stream: false, input: [], describe, stamp })
    assert.equal(responses.stateOf(running.live.id), 'unfinished')
    assert.equal(await responses.adopt(running.record()), false)
    told.length = 0
    for await (const _event of running.live.follow((async function* none() {})()));
    assert.deepEqual(told, ['finished completed'])
  })

  it('that was not finished goes when the node starts again: whoever makes it will tell', async () => {
    const foreign = withStatus(makeRecord(40), 'in_progress')
    const id = foreign.resource.id.replace('_0000000000_', '_9999999999_')
    await responses.adopt({ ...foreign, resource: { ...foreign.resource, id } })
    const again = create()
    await again.start()
    assert.equal(again.stateOf(id), undefined)
    assert.equal(again.stateOf(makeRecord(5).resource.id), 'finished')
    await again.stop()
  })
})
