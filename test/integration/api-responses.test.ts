import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Compile } from 'typebox/compile'
import { AppError, type ErrorCode } from '../../src/base/errors.ts'
import { ResponseEvent } from '../../src/responses/events.ts'
import { ResponseResource } from '../../src/responses/resource.ts'
import { poll } from '../support/poll.ts'
import { type ApiHarness, startApi } from './api-harness.ts'
import { holds, keepResponses } from './responses-harness.ts'
import { reply, words } from './scripted-backend.ts'

const WAIT_MS = 5000
const ASK = { model: 'tiny', input: 'hi' }
const UNKNOWN = `resp_0000000000_${'0'.repeat(32)}`

const isResource = Compile(ResponseResource)
const isEvent = Compile(ResponseEvent)

async function start(init: Parameters<typeof startApi>[0] = {}) {
  const kept = await keepResponses()
  const api = await startApi({ responses: kept.responses, ...init })
  return {
    ...api,
    kept,
    async [Symbol.asyncDispose]() {
      await api.server.stop()
      await kept[Symbol.asyncDispose]()
    },
  }
}

interface Refusal {
  readonly status: number
  readonly type: string
  readonly message: string
  readonly param: string
}

async function refusalOf(response: Response): Promise<Refusal> {
  const { error, ...rest } = (await response.json()) as { error: Record<string, unknown> }
  assert.deepEqual(rest, {})
  const { type, message, code, param, ...more } = error
  assert.deepEqual([code, more], ['', {}])
  return { status: response.status, type: String(type), message: String(message), param: String(param) }
}

async function resourceOf(response: Response): Promise<ResponseResource> {
  const resource: unknown = await response.json()
  assert.ok(isResource.Check(resource), JSON.stringify([resource, isResource.Errors(resource)]))
  return resource
}

function eventsOf(text: string): ResponseEvent[] {
  const blocks = text.split('\n\n').filter((block) => block !== '' && !block.startsWith(':'))
  assert.equal(blocks.pop(), 'data: [DONE]')
  return blocks.map((block) => {
    const [name = '', data = ''] = block.split('\n')
    const event: unknown = JSON.parse(data.slice('data: '.length))
    assert.ok(isEvent.Check(event), block)
    assert.equal(name, `event: ${event.type}`)
    return event
  })
}

function failing(code: ErrorCode, message = 'the reason') {
  return async (): Promise<never> => {
    throw new AppError(code, message)
  }
}

async function waitForStatus(api: ApiHarness, id: string, status: string): Promise<ResponseResource> {
  return await poll(`status ${status}`, WAIT_MS, async () => {
    const resource = await resourceOf(await fetch(`${api.url}/v1/responses/${id}`))
    return resource.status === status && resource
  })
}

describe('POST /v1/responses', () => {
  it('[API-RESPONSES-RESOURCE] answers with every field, under both names', async () => {
    await using api = await start()
    for (const path of ['/v1/responses', '/responses', '/v1/responses/']) {
      const response = await api.post(
        path,
        { ...ASK, unheard_of: 1, tools: [], user: 'x' },
        {
          headers: { 'content-type': 'application/json', 'x-request-id': 'mine' },
        },
      )
      assert.deepEqual([response.status, response.headers.get('x-request-id')], [200, 'mine'], path)
      const resource = await resourceOf(response)
      const { id, created_at: created, completed_at: completed, output, ...rest } = resource
      assert.match(id, /^resp_/)
      assert.ok(completed !== null && completed >= created && created > 1_700_000_000)
      assert.equal(output.length, 1)
      assert.deepEqual(rest, {
        object: 'response',
        status: 'completed',
        model: 'tiny',
        error: null,
        incomplete_details: null,
        previous_response_id: null,
        instructions: null,
        tools: [],
        tool_choice: 'none',
        parallel_tool_calls: true,
        max_tool_calls: null,
        temperature: 1,
        top_p: 1,
        presence_penalty: 0,
        frequency_penalty: 0,
        top_logprobs: 0,
        max_output_tokens: null,
        text: { format: { type: 'text' } },
        truncation: 'auto',
        reasoning: null,
        usage: {
          input_tokens: 7,
          output_tokens: 2,
          total_tokens: 9,
          input_tokens_details: { cached_tokens: 2 },
          output_tokens_details: { reasoning_tokens: 0 },
        },
        metadata: {},
        store: true,
        background: false,
        service_tier: 'default',
        safety_identifier: null,
        prompt_cache_key: null,
      })
    }
  })

  it('[API-RESPONSES-STREAM] streams named and numbered events, and ends with [DONE]', async () => {
    await using api = await start()
    const response = await api.post('/v1/responses', { ...ASK, stream: true })
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    const events = eventsOf(await response.text())
    assert.deepEqual(
      events.map(({ sequence_number: number }) => number),
      events.map((_, place) => place),
    )
    assert.equal(events.at(-1)?.type, 'response.completed')
  })

  it('[API-RESPONSES-TOOLS] lets a model call only what it may', async () => {
    await using api = await start()
    const tools = ['a', 'b', 'c'].map((name) => ({ type: 'function', name }))
    const offered = async (more: object) => {
      assert.equal((await api.post('/v1/responses', { ...ASK, tools, ...more })).status, 200)
      const { Tools: list = '[]', ToolChoice: choice } = api.node.asked.at(-1) ?? {}
      const names = (JSON.parse(list) as { function: { name: string } }[]).map((tool) => tool.function.name)
      return [names.join(' '), choice]
    }
    assert.deepEqual(await offered({}), ['a b c', 'auto'])
    assert.deepEqual(await offered({ allowed_tools: ['b'] }), ['b', 'auto'])
    const choice = { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'c' }] }
    assert.deepEqual(await offered({ tool_choice: choice }), ['c', 'required'])
    assert.deepEqual(await offered({ tool_choice: 'none' }), ['', undefined])
    const [, named] = await offered({ tool_choice: { type: 'function', name: 'b' } })
    assert.match(named ?? '', /"name":"b"/)
    const unknown = await refusalOf(
      await api.post('/v1/responses', { ...ASK, tools, tool_choice: { type: 'function', name: 'z' } }),
    )
    assert.deepEqual([unknown.status, unknown.param], [400, 'tool_choice'])
  })

  it('[API-RESPONSES-FORMAT] takes the format where LocalAI has it as well', async () => {
    await using api = await start()
    const schema = { type: 'object', properties: { a: { type: 'integer' } } }
    for (const body of [
      { text: { format: { type: 'json_schema', name: 'x', schema } } },
      { text_format: { type: 'json_schema', name: 'x', schema } },
      { text_format: { type: 'json_schema', json_schema: { schema } } },
    ]) {
      assert.equal((await api.post('/v1/responses', { ...ASK, ...body })).status, 200)
      assert.match(api.node.asked.at(-1)?.Grammar ?? '', /integer/)
    }
    const none = await refusalOf(await api.post('/v1/responses', { ...ASK, text_format: { type: 'json_schema' } }))
    assert.deepEqual([none.status, none.param], [400, 'text.format.schema'])
  })

  it('[API-RESPONSES-TRUNCATION] forgets the oldest turns of a conversation that is too long, unless told not to', async () => {
    await using api = await start()
    api.node.script = async function* script({ Messages: messages = [] }) {
      if (messages.length > 2) throw new AppError('request.context-exceeded', 'too long')
      yield reply({ message: Buffer.from('short') })
      return {}
    }
    const input = ['a', 'b', 'c', 'd', 'e'].map((content) => ({ role: 'user', content }))
    const body = { model: 'tiny', input, instructions: 'Be brief.' }
    assert.equal((await api.post('/v1/responses', body)).status, 200)
    assert.deepEqual(
      api.node.asked.at(-1)?.Messages?.map(({ content }) => content),
      ['Be brief.', 'e'],
    )
    assert.equal((await api.post('/v1/responses', { ...body, truncation: 'disabled' })).status, 400)
    assert.equal((await api.post('/v1/responses', { ...body, instructions: 'x', input: 'y' })).status, 200)
  })
})

describe('the errors of POST /v1/responses', () => {
  let api: Awaited<ReturnType<typeof start>>
  before(async () => {
    api = await start()
  })
  after(async () => await api[Symbol.asyncDispose]())

  const rows: readonly [name: string, body: unknown, refusal: Refusal][] = [
    [
      '[ERR-RESPONSES-400-MODEL-MISSING] a request that names no model',
      { input: 'hi' },
      { status: 400, type: 'invalid_request', message: 'model is required', param: 'model' },
    ],
    [
      '[ERR-RESPONSES-400-MODEL-UNKNOWN] a model that is not configured',
      { ...ASK, model: 'nope' },
      { status: 400, type: 'invalid_request', message: 'model configuration not found', param: 'model' },
    ],
    [
      '[ERR-RESPONSES-400-INPUT] an item of no known kind',
      { ...ASK, input: [{ type: 'what' }] },
      {
        status: 400,
        type: 'invalid_request',
        message: 'failed to parse input: input[0].type is "what", which this node does not know',
        param: 'input[0].type',
      },
    ],
    [
      '[ERR-RESPONSES-400-INPUT] input of another type',
      { ...ASK, input: 5 },
      {
        status: 400,
        type: 'invalid_request',
        message: 'failed to parse input: input must be a string or an array',
        param: 'input',
      },
    ],
    [
      '[ERR-RESPONSES-400-INPUT] no input',
      { model: 'tiny' },
      { status: 400, type: 'invalid_request', message: 'failed to parse input: input is required', param: 'input' },
    ],
    [
      '[ERR-RESPONSES-400-INPUT] a body that is no JSON',
      '{"model": ',
      {
        status: 400,
        type: 'invalid_request',
        message: 'failed to parse input: the request body is not valid JSON',
        param: '',
      },
    ],
    [
      '[ERR-RESPONSES-400-INPUT] a picture',
      { ...ASK, input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:,x' }] }] },
      {
        status: 400,
        type: 'invalid_request',
        message:
          'failed to parse input: input[0].content[0] is of type "input_image": this node takes text only, no images, files or audio',
        param: 'input[0].content[0]',
      },
    ],
    [
      '[ERR-RESPONSES-400-INPUT] a reference to nothing',
      { ...ASK, input: [{ type: 'item_reference', id: 'msg_1' }] },
      {
        status: 400,
        type: 'invalid_request',
        message: 'failed to parse input: item not found: msg_1',
        param: 'input[0].id',
      },
    ],
    [
      '[ERR-RESPONSES-400-BACKGROUND] a background response that is not stored',
      { ...ASK, background: true, store: false },
      {
        status: 400,
        type: 'invalid_request_error',
        message: 'background=true requires store=true',
        param: 'background',
      },
    ],
    [
      '[ERR-RESPONSES-404-PREVIOUS] a previous response that is not there',
      { ...ASK, previous_response_id: UNKNOWN },
      {
        status: 404,
        type: 'not_found',
        message: `previous response not found: ${UNKNOWN}`,
        param: 'previous_response_id',
      },
    ],
    [
      'a conversation',
      { ...ASK, conversation: 'conv_1' },
      {
        status: 400,
        type: 'invalid_request',
        message: 'conversation is not supported: use previous_response_id',
        param: 'conversation',
      },
    ],
    [
      "a tool of the vendor's",
      { ...ASK, tools: [{ type: 'web_search' }] },
      {
        status: 400,
        type: 'invalid_request',
        message: 'tools[0].type must be "function", not "web_search"',
        param: 'tools[0].type',
      },
    ],
  ]
  for (const [name, body, refusal] of rows) {
    it(name, async () => {
      assert.deepEqual(await refusalOf(await api.post('/v1/responses', body)), refusal)
    })
  }

  const failures: readonly [name: string, code: ErrorCode, status: number, type: string, message: RegExp][] = [
    [
      '[ERR-RESPONSES-500-INFERENCE] a backend that does not start',
      'backend.start-failed',
      500,
      'model_error',
      /^model inference failed: the model's backend process could not be started \(request /,
    ],
    [
      '[ERR-RESPONSES-500-PREDICTION] a backend that fails at work',
      'backend.failed',
      500,
      'model_error',
      /^prediction failed: the model's backend failed while it worked on this request \(request /,
    ],
    ['a node that is stopping', 'node.stopping', 503, 'server_error', /^the reason \(request /],
  ]
  for (const [name, code, status, type, message] of failures) {
    it(name, async (context) => {
      context.after(() => delete api.node.acquire)
      api.node.acquire = failing(code)
      for (const stream of [false, true]) {
        const refusal = await refusalOf(await api.post('/v1/responses', { ...ASK, stream }))
        assert.deepEqual([refusal.status, refusal.type, refusal.param], [status, type, ''])
        assert.match(refusal.message, message)
      }
    })
  }

  it('[ERR-RESPONSES-401] a key that is missing, in the words of this dialect', async () => {
    await using locked = await start({ apiKeys: ['k'] })
    const response = await locked.post('/v1/responses', ASK)
    assert.equal(response.headers.get('www-authenticate'), 'Bearer')
    assert.deepEqual(await refusalOf(response), {
      status: 401,
      type: 'invalid_request_error',
      message: 'An authentication key is required',
      param: '',
    })
    assert.equal((await refusalOf(await fetch(`${locked.url}/v1/responses/${UNKNOWN}`))).status, 401)
  })

  it('[API-RESPONSES-STREAM-ERROR] a failure midway is an error and a failed response that is kept', async () => {
    api.node.script = async function* script() {
      yield reply({ message: Buffer.from('Hel') })
      throw new AppError('backend.failed', 'secret')
    }
    const events = eventsOf(await (await api.post('/v1/responses', { ...ASK, stream: true })).text())
    const [told, failed] = events.slice(-2)
    assert.ok(told?.type === 'error' && failed?.type === 'response.failed')
    assert.equal(told.error.type, 'model_error')
    assert.match(told.error.message, /^prediction failed: /)
    assert.doesNotMatch(JSON.stringify(events), /secret/)
    assert.deepEqual(await waitForStatus(api, failed.response.id, 'failed'), failed.response)
  })
})

describe('errors that may say nothing', () => {
  it('[API-RESPONSES-OPAQUE] say nothing in a stream or a response either', async () => {
    await using api = await start({ access: { opaqueErrors: true } })
    api.node.script = async function* script() {
      yield reply({ message: Buffer.from('Hel') })
      throw new AppError('backend.failed', 'no')
    }
    const events = eventsOf(await (await api.post('/v1/responses', { ...ASK, stream: true })).text())
    const told = events.find(({ type }) => type === 'error')
    assert.match(JSON.stringify(told), /"message":"internal error /)
    const { id } = await resourceOf(await api.post('/v1/responses', { ...ASK, background: true }))
    const { error } = await waitForStatus(api, id, 'failed')
    assert.match(error?.message ?? '', /^internal error /)
    const refused = await api.post('/v1/responses', { input: 'hi' })
    assert.deepEqual([refused.status, await refused.text()], [400, ''])
  })
})

describe('a stored response', () => {
  it('[API-RESPONSES-PATHS] is reached under both names', async () => {
    await using api = await start()
    const { id } = await resourceOf(await api.post('/responses', ASK))
    for (const base of ['/v1/responses', '/responses']) {
      assert.equal((await resourceOf(await fetch(`${api.url}${base}/${id}`))).id, id)
      const items = (await (await fetch(`${api.url}${base}/${id}/input_items`)).json()) as { data: unknown[] }
      assert.equal(items.data.length, 1)
      const sent = { method: 'POST', headers: { 'content-type': 'application/json' } }
      assert.equal((await resourceOf(await fetch(`${api.url}${base}/${id}/cancel`, sent))).status, 'completed')
      assert.equal((await refusalOf(await fetch(`${api.url}${base}/${id}/events`))).status, 400)
    }
    const deleted = await fetch(`${api.url}/responses/${id}`, { method: 'DELETE' })
    assert.deepEqual(await deleted.json(), { id, object: 'response', deleted: true })
  })

  it('[ERR-RESPONSE-404] [ERR-RESPONSE-EVENTS-404] that is not there is not found', async () => {
    await using api = await start()
    const refusal = { status: 404, type: 'not_found', message: `response not found: ${UNKNOWN}`, param: 'id' }
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/events'],
      ['GET', '/input_items'],
      ['POST', '/cancel'],
      ['DELETE', ''],
    ]) {
      const response = await fetch(`${api.url}/v1/responses/${UNKNOWN}${path}`, { method: method ?? '' })
      assert.deepEqual(await refusalOf(response), refusal, `${method} ${path}`)
    }
    for (const id of ['..%2F..%2Fetc%2Fpasswd', '%00', 'x'.repeat(500)]) {
      assert.equal((await fetch(`${api.url}/v1/responses/${id}`)).status, 404, id)
    }
  })

  it('[ERR-RESPONSE-400-ID] [ERR-RESPONSE-EVENTS-400-ID] needs an id', async () => {
    await using api = await start()
    const refusal = { status: 400, type: 'invalid_request_error', message: 'response ID is required', param: 'id' }
    for (const path of ['/v1/responses', '/responses/', '/v1/responses//events']) {
      assert.deepEqual(await refusalOf(await fetch(`${api.url}${path}`)), refusal, path)
    }
  })

  it('[ERR-RESPONSE-EVENTS-400-STREAM] has no events unless it was a background stream', async () => {
    await using api = await start()
    const { id } = await resourceOf(await api.post('/v1/responses', ASK))
    for (const path of [`${id}/events`, `${id}?stream=true`]) {
      assert.deepEqual(await refusalOf(await fetch(`${api.url}/v1/responses/${path}`)), {
        status: 400,
        type: 'invalid_request_error',
        message: 'cannot stream a response that was not created with stream=true',
        param: 'stream',
      })
    }
  })

  it('[ERR-RESPONSE-EVENTS-400-STARTING-AFTER] [API-RESPONSE-EVENTS] tells its events again, from a number on', async () => {
    await using api = await start()
    const body = { ...ASK, background: true, stream: true }
    const told = eventsOf(await (await api.post('/v1/responses', body)).text())
    const [created] = told
    assert.ok(created?.type === 'response.created')
    assert.equal(created.response.status, 'queued')
    const { id } = created.response
    const again = async (path: string) => eventsOf(await (await fetch(`${api.url}/v1/responses/${path}`)).text())
    assert.deepEqual(await again(`${id}/events`), told)
    assert.deepEqual(await again(`${id}/events?starting_after=0`), told.slice(1))
    assert.deepEqual(await again(`${id}?stream=true&starting_after=4`), told.slice(5))
    assert.deepEqual(await again(`${id}/events?starting_after=999`), [])
    for (const after of ['x', '1.5', '1e9']) {
      assert.deepEqual(await refusalOf(await fetch(`${api.url}/v1/responses/${id}/events?starting_after=${after}`)), {
        status: 400,
        type: 'invalid_request_error',
        message: 'starting_after must be an integer',
        param: 'starting_after',
      })
    }
  })

  it('[ERR-RESPONSE-EVENTS-500] that cannot be read is a failure of the node', async () => {
    await using api = await start()
    const { id } = await resourceOf(await api.post('/v1/responses', ASK))
    await writeFile(join(api.kept.folder, `${id}.json`), 'broken')
    const refusal = await refusalOf(await fetch(`${api.url}/v1/responses/${id}/events`))
    assert.deepEqual([refusal.status, refusal.type], [500, 'server_error'])
    assert.match(refusal.message, /^failed to get events: internal error/)
  })

  it('[API-RESPONSE-ITEMS] lists its input in pages', async () => {
    await using api = await start()
    const input = ['a', 'b', 'c', 'd', 'e'].map((content, place) => ({ id: `msg_${place}`, role: 'user', content }))
    const { id } = await resourceOf(await api.post('/v1/responses', { model: 'tiny', input }))
    const list = async (query: string) => {
      const response = await fetch(`${api.url}/v1/responses/${id}/input_items?${query}`)
      if (response.status !== 200) return (await refusalOf(response)).param
      const { data, ...page } = (await response.json()) as { data: { id: string }[] }
      return [data.map((item) => item.id.slice(-1)).join(''), ...Object.values(page)]
    }
    assert.deepEqual(await list(''), ['43210', 'list', 'msg_4', 'msg_0', false])
    assert.deepEqual(await list('order=asc&limit=2'), ['01', 'list', 'msg_0', 'msg_1', true])
    assert.deepEqual(await list('order=asc&after=msg_1&limit=3'), ['234', 'list', 'msg_2', 'msg_4', false])
    assert.deepEqual(await list('after=msg_0'), ['', 'list', null, null, false])
    assert.deepEqual(
      [await list('after=x'), await list('limit=0'), await list('limit=x'), await list('order=up')],
      ['after', 'limit', 'limit', 'order'],
    )
  })

  it('[AUTH-RESPONSES-OWNER] belongs to the key that made it', async () => {
    await using api = await start({ apiKeys: ['ann', 'bob'] })
    const as = (key: string, init: RequestInit = {}) => ({
      ...init,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    })
    const { id } = await resourceOf(await api.post('/v1/responses', ASK, as('ann')))
    const url = `${api.url}/v1/responses/${id}`
    assert.equal((await fetch(url, as('bob'))).status, 404)
    assert.equal((await fetch(`${url}/input_items`, as('bob'))).status, 404)
    assert.equal((await fetch(`${url}/cancel`, { ...as('bob'), method: 'POST', body: '{}' })).status, 404)
    assert.equal((await fetch(url, { ...as('bob'), method: 'DELETE' })).status, 404)
    const next = { ...ASK, previous_response_id: id }
    assert.equal((await api.post('/v1/responses', next, as('bob'))).status, 404)
    assert.equal((await api.post('/v1/responses', next, as('ann'))).status, 200)
    assert.equal((await fetch(url, as('ann'))).status, 200)
  })

  it('[API-RESPONSES-RESTART] survives the node, and goes on in the next one', async () => {
    await using api = await start()
    const background = { ...ASK, background: true, stream: true }
    const [created] = eventsOf(await (await api.post('/v1/responses', background)).text())
    assert.ok(created?.type === 'response.created')
    const before = await resourceOf(await fetch(`${api.url}/v1/responses/${created.response.id}`))
    const { folder } = api.kept
    await using kept = await keepResponses({ folder })
    await using next = await startApi({ responses: kept.responses })
    const url = `${next.url}/v1/responses/${before.id}`
    assert.deepEqual(await resourceOf(await fetch(url)), before)
    const events = await refusalOf(await fetch(`${url}/events`))
    assert.deepEqual([events.status, events.param], [409, 'starting_after'])
    assert.equal((await next.post('/v1/responses', { ...ASK, previous_response_id: before.id })).status, 200)
    assert.equal(next.node.asked.at(-1)?.Messages?.length, 3)
  })
})

describe('a response that is being made', () => {
  it('[API-RESPONSES-CANCEL] is ended by whoever may, also in the middle of its stream', async () => {
    await using api = await start()
    const held = holds()
    api.node.script = held.script
    const response = await api.post('/v1/responses', { ...ASK, stream: true })
    await held.began
    const reader = response.body?.getReader()
    const first = new TextDecoder().decode((await reader?.read())?.value)
    const id = /"id":"(resp_\w+)"/.exec(first)?.[1] ?? ''
    const cancelled = await resourceOf(await fetch(`${api.url}/v1/responses/${id}/cancel`, { method: 'POST' }))
    assert.equal(cancelled.status, 'cancelled')
    await held.broken
    let rest = first
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
      if (done) break
      rest += new TextDecoder().decode(value)
    }
    const last = eventsOf(rest).at(-1)
    assert.ok(last?.type === 'response.incomplete' && last.response.status === 'cancelled')
    assert.deepEqual(await resourceOf(await fetch(`${api.url}/v1/responses/${id}`)), cancelled)
  })

  it('[API-RESPONSES-CLIENT-GONE] ends with its client, unless it is in the background', async () => {
    await using api = await start()
    const held = holds()
    api.node.script = held.script
    const leaving = new AbortController()
    const open = { signal: leaving.signal, headers: { 'content-type': 'application/json' } }
    await api.post('/v1/responses', { ...ASK, stream: true }, open)
    await held.began
    leaving.abort()
    assert.equal(((await held.broken) as AppError).code, 'request.cancelled')

    const behind = holds()
    api.node.script = behind.script
    const body = JSON.stringify({ ...ASK, background: true, stream: true })
    const sent = httpRequest(`${api.url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      agent: false,
    })
    sent.end(body)
    const [stream] = (await once(sent, 'response')) as [IncomingMessage]
    const [first] = (await once(stream, 'data')) as [Buffer]
    const id = /"id":"(resp_\w+)"/.exec(String(first))?.[1] ?? ''
    await behind.began
    stream.on('error', () => {})
    stream.socket.destroy()
    await once(stream.socket, 'close')
    // Whatever the server does about the lost connection, it does before it answers these.
    for (let round = 0; round < 3; round += 1) await fetch(`${api.url}/healthz`)
    behind.goOn()
    await waitForStatus(api, id, 'completed')
    await poll('all leases given back', WAIT_MS, () => api.node.leases === 0)
  })

  it('[API-RESPONSES-CRASH] is failed in the next node when this one dies', async () => {
    await using api = await start()
    const { folder } = api.kept
    const held = [holds(), holds()]
    for (const [index, more] of [{ stream: true }, { background: true }].entries()) {
      const script = held[index]?.script
      assert.ok(script !== undefined)
      api.node.script = script
      await api.post('/v1/responses', { ...ASK, ...more })
      await held[index]?.began
    }
    const files = async () => (await readdir(folder)).filter((name) => name.endsWith('.json'))
    const names = await poll('both on the disk', WAIT_MS, async () => {
      const found = await files().catch(() => [])
      return found.length === 2 && found
    })
    await using next = await keepResponses({ folder })
    for (const name of names) {
      const found = await next.responses.find(name.replace('.json', ''), null)
      assert.equal(found?.resource.status, 'failed')
      assert.match(found.resource.error?.message ?? '', /restarted/)
    }
    for (const script of held) script.goOn()
  })

  it("[AUTH-RESPONSES-OWNER-RUNNING] is nobody else's, and nobody's when it is not to be stored", async () => {
    await using api = await start({ apiKeys: ['ann', 'bob'] })
    const headersOf = (key: string) => ({ 'content-type': 'application/json', authorization: `Bearer ${key}` })
    const held = holds()
    api.node.script = held.script
    const made = await api.post('/v1/responses', { ...ASK, background: true }, { headers: headersOf('ann') })
    const { id } = await resourceOf(made)
    await held.began
    const url = `${api.url}/v1/responses/${id}`
    assert.equal((await fetch(url, { headers: headersOf('bob') })).status, 404)
    assert.equal((await fetch(`${url}/cancel`, { method: 'POST', headers: { authorization: 'bob' } })).status, 404)
    assert.equal((await fetch(url, { method: 'DELETE', headers: { authorization: 'bob' } })).status, 404)
    assert.equal((await resourceOf(await fetch(url, { headers: headersOf('ann') }))).status, 'in_progress')
    held.goOn()

    const unkept = holds()
    api.node.script = unkept.script
    const body = { ...ASK, stream: true, store: false }
    const stream = await api.post('/v1/responses', body, { headers: headersOf('ann') })
    await unkept.began
    unkept.goOn()
    const [created] = eventsOf(await stream.text())
    assert.ok(created?.type === 'response.created')
    assert.equal(
      (await fetch(`${api.url}/v1/responses/${created.response.id}`, { headers: headersOf('ann') })).status,
      404,
    )
  })

  it('[API-RESPONSES-SHUTDOWN] is given up as failed when the node stops', async () => {
    await using api = await start()
    const held = holds()
    api.node.script = held.script
    const { id } = await resourceOf(await api.post('/v1/responses', { ...ASK, background: true }))
    await held.began
    await api.server.stop()
    await api.kept.responses.stop()
    const { folder } = api.kept
    await using kept = await keepResponses({ folder })
    const found = await kept.responses.find(id, null)
    assert.equal(found?.resource.status, 'failed')
    assert.match(found.resource.error?.message ?? '', /shutting down/)
  })

  it('[API-RESPONSES-DELETE] is ended and forgotten by a delete', async () => {
    await using api = await start()
    const held = holds()
    api.node.script = held.script
    const { id } = await resourceOf(await api.post('/v1/responses', { ...ASK, background: true }))
    await held.began
    assert.equal((await fetch(`${api.url}/v1/responses/${id}`, { method: 'DELETE' })).status, 200)
    await held.broken
    assert.equal((await fetch(`${api.url}/v1/responses/${id}`)).status, 404)
    api.node.script = words('x')
    assert.equal((await api.post('/v1/responses', { ...ASK, previous_response_id: id })).status, 404)
  })

  it('[API-RESPONSES-UNFINISHED] cannot be continued before it is finished', async () => {
    await using api = await start()
    const held = holds()
    api.node.script = held.script
    const { id } = await resourceOf(await api.post('/v1/responses', { ...ASK, background: true }))
    await held.began
    const refusal = await refusalOf(await api.post('/v1/responses', { ...ASK, previous_response_id: id }))
    assert.deepEqual([refusal.status, refusal.param], [400, 'previous_response_id'])
    held.goOn()
    await waitForStatus(api, id, 'completed')
  })

  it('[API-RESPONSES-SHARE] of one key leaves room in the background for those of others', async () => {
    await using kept = await keepResponses({ maxBackground: 2 })
    await using api = await startApi({ responses: kept.responses, apiKeys: ['ann', 'bob'] })
    const held = holds()
    api.node.script = held.script
    const ask = (key: string) =>
      api.post(
        '/v1/responses',
        { ...ASK, background: true },
        { headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } },
      )
    const begun = [await resourceOf(await ask('ann'))]
    const refused = await ask('ann')
    const { status, message } = await refusalOf(refused)
    assert.deepEqual([status, refused.headers.get('retry-after')], [429, '5'])
    assert.match(message, /as many background responses of yours \(1\)/)
    begun.push(await resourceOf(await ask('bob')))
    assert.equal((await refusalOf(await ask('bob'))).status, 503)
    assert.deepEqual(
      begun.map((resource) => resource.status),
      ['queued', 'queued'],
    )
    held.goOn()
  })

  it('[API-RESPONSES-OVERLOADED] is refused when there are too many, and leaves nothing', async () => {
    await using api = await start({ maxInFlight: 1 })
    const held = holds()
    api.node.script = held.script
    const { id } = await resourceOf(await api.post('/v1/responses', { ...ASK, background: true }))
    await held.began
    for (const more of [{}, { stream: true }, { background: true }]) {
      const refusal = await refusalOf(await api.post('/v1/responses', { ...ASK, ...more }))
      assert.deepEqual([refusal.status, refusal.type], [503, 'server_error'])
    }
    held.goOn()
    await waitForStatus(api, id, 'completed')
    assert.match(await api.metrics(), /api_call_count/)
  })
})
