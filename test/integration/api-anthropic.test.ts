import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Compile } from 'typebox/compile'
import { ErrorBody, MessageAnswer } from '../../src/api/anthropic/response-schema.ts'
import { AppError, type ErrorCode } from '../../src/base/errors.ts'
import { readStream } from '../support/anthropic-stream.ts'
import { type ApiHarness, startApi } from './api-harness.ts'
import { reply } from './scripted-backend.ts'

const answers = Compile(MessageAnswer)
const refusals = Compile(ErrorBody)

const request = { model: 'tiny', max_tokens: 16, messages: [{ role: 'user', content: 'hi' }] }

async function refused(api: ApiHarness, body: unknown, init: RequestInit & { readonly path?: string } = {}) {
  const { path = '/v1/messages', ...more } = init
  const response = await api.post(path, body, more)
  const value: unknown = await response.json()
  assert.ok(refusals.Check(value), JSON.stringify(value))
  return { status: response.status, ...value.error, headers: response.headers }
}

function failing(code: ErrorCode) {
  return async (): Promise<never> => {
    throw new AppError(code, 'the reason')
  }
}

describe('POST /v1/messages', () => {
  it('[API-MESSAGES-PATHS] answers under both names, whatever version and beta the client speaks', async () => {
    await using api = await startApi()
    const headers = {
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'some-beta-2025-01-01',
    }
    for (const path of ['/v1/messages', '/messages', '/v1/messages?beta=true']) {
      const response = await api.post(path, request, { headers })
      assert.equal(response.status, 200)
      const answer: unknown = await response.json()
      assert.ok(answers.Check(answer))
      assert.match(answer.id, /^msg_\w+$/)
      assert.deepEqual(
        { ...answer, id: '' },
        {
          id: '',
          type: 'message',
          role: 'assistant',
          model: 'tiny',
          content: [{ type: 'text', text: 'Hello world' }],
          stop_reason: 'end_turn',
          stop_sequence: null,
          usage: {
            input_tokens: 5,
            cache_creation_input_tokens: 0,
            cache_read_input_tokens: 2,
            output_tokens: 2,
          },
        },
      )
    }
    assert.equal(api.node.leases, 0)
  })

  it('[API-MESSAGES-STREAM] streams, the same answer', async () => {
    await using api = await startApi()
    const response = await api.post('/v1/messages', { ...request, stream: true })
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    assert.ok(response.headers.get('request-id'))
    const { message } = readStream(await response.text())
    assert.deepEqual(message.content, [{ type: 'text', text: 'Hello world' }])
    assert.equal(message.stop_reason, 'end_turn')
    assert.equal(message.usage.output_tokens, 2)
  })

  it('[API-MESSAGES-PING] pings while the model is silent', async () => {
    await using api = await startApi({ streamLimits: { keepAliveMs: 10, stallTimeoutMs: 5000 } })
    const pinged = Promise.withResolvers<void>()
    api.node.script = async function* script() {
      await pinged.promise
      yield reply({ message: Buffer.from('late') })
      return { finishReason: 'stop' }
    }
    const response = await api.post('/v1/messages', { ...request, stream: true })
    let text = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      if (text.includes('ping')) pinged.resolve()
    }
    assert.match(text, /^event: message_start\n.*\n\nevent: ping\ndata: \{"type":"ping"\}\n\n/)
    assert.deepEqual(readStream(text).message.content, [{ type: 'text', text: 'late' }])
  })

  it('tolerates fields it does not know, and null for absent ones', async () => {
    await using api = await startApi()
    const cached = { type: 'text', cache_control: { type: 'ephemeral' } }
    const response = await api.post('/v1/messages', {
      ...request,
      system: [{ ...cached, text: 'Be brief.' }],
      messages: [{ role: 'user', content: [{ ...cached, text: 'hi', citations: null }] }],
      tools: null,
      temperature: null,
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      thinking: { type: 'enabled', budget_tokens: 1024 },
      output_config: { effort: 'low' },
      metadata: { user_id: null },
      service_tier: 'auto',
      something: { new: [1] },
    })
    assert.equal(response.status, 200)
    const [asked] = api.node.asked
    assert.deepEqual(asked?.Messages, [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'hi' },
    ])
    assert.deepEqual(asked?.Metadata, { enable_thinking: 'true', reasoning_effort: 'low' })
    assert.equal(asked?.Tokens, 16)
  })

  it('tells two ids: its own, and the one of the caller', async () => {
    await using api = await startApi()
    const headers = { 'content-type': 'application/json', 'x-request-id': 'mine' }
    for (const body of [request, { ...request, stream: true }, {}]) {
      const response = await api.post('/v1/messages', body, { headers })
      await response.text()
      assert.equal(response.headers.get('x-request-id'), 'mine')
      assert.equal(response.headers.get('request-id'), response.headers.get('x-correlation-id'))
    }
    const response = await api.post('/v1/messages', request)
    assert.equal(response.headers.get('x-request-id'), response.headers.get('request-id'))
  })
})

describe("errors in Anthropic's shape", () => {
  it('[ERR-MESSAGES-400-MODEL-MISSING] model is required', async () => {
    await using api = await startApi()
    for (const body of [{ ...request, model: undefined }, { ...request, model: '' }, { ...request, model: null }, {}]) {
      const { status, type, message } = await refused(api, body)
      assert.deepEqual([status, type, message], [400, 'invalid_request_error', 'model is required'])
    }
  })

  it('[ERR-MESSAGES-400-MODEL-UNKNOWN] model configuration not found', async () => {
    await using api = await startApi()
    const { status, type, message } = await refused(api, { ...request, model: 'nope' })
    assert.deepEqual([status, type, message], [400, 'invalid_request_error', 'model configuration not found'])
  })

  it('[ERR-MESSAGES-400-MAX-TOKENS] max_tokens is required and must be greater than 0', async () => {
    await using api = await startApi()
    const says = 'max_tokens is required and must be greater than 0'
    for (const max_tokens of [undefined, null, 0, -1]) {
      const { status, type, message } = await refused(api, { ...request, max_tokens })
      assert.deepEqual([status, type, message], [400, 'invalid_request_error', says])
    }
    assert.match((await refused(api, { ...request, max_tokens: '5' })).message, /^max_tokens must be an integer/)
  })

  it('[ERR-MESSAGES-500-INFERENCE] model inference failed: …', async () => {
    await using api = await startApi()
    for (const code of ['backend.load-failed', 'model.file-invalid'] as const) {
      api.node.acquire = failing(code)
      for (const stream of [false, true]) {
        const { status, type, message } = await refused(api, { ...request, stream })
        assert.deepEqual([status, type], [500, 'api_error'])
        assert.match(message, /^model inference failed: the reason/)
      }
    }
  })

  it('[ERR-MESSAGES-500-PREDICTION] prediction failed: …', async () => {
    await using api = await startApi()
    // biome-ignore lint/correctness/useYield: it fails before it has anything to give
    api.node.script = async function* script() {
      throw new AppError('backend.failed', 'the reason')
    }
    for (const stream of [false, true]) {
      const { status, type, message } = await refused(api, { ...request, stream })
      assert.deepEqual([status, type], [500, 'api_error'])
      assert.match(message, /^prediction failed: /)
    }
    assert.equal(api.node.leases, 0)
  })

  it('is an event when the stream has begun', async () => {
    await using api = await startApi()
    api.node.script = async function* script() {
      yield reply({ message: Buffer.from('Hel') })
      throw new AppError('backend.died', 'exit 134')
    }
    const response = await api.post('/v1/messages', { ...request, stream: true })
    assert.equal(response.status, 200)
    assert.equal(readStream(await response.text()).failed, true)
  })

  it('names the field that is wrong', async () => {
    await using api = await startApi()
    const cases: readonly [object, RegExp][] = [
      [{ messages: undefined }, /^messages is required$/],
      [{ messages: [] }, /^messages /],
      [{ messages: [{ role: 'robot', content: 'hi' }] }, /^messages\[0\]\.role must be one of: user, assistant/],
      [{ messages: [{ role: 'user', content: [{ text: 'x' }] }] }, /^messages\[0\]\.content\[0\]\.type is required$/],
      [{ tool_choice: { type: 'maybe' } }, /^tool_choice\.type must be one of: auto, any, tool, none/],
      [{ stop_sequences: 'END' }, /^stop_sequences must be an array/],
    ]
    for (const [more, says] of cases) {
      const { status, type, message } = await refused(api, { ...request, ...more })
      assert.deepEqual([status, type], [400, 'invalid_request_error'])
      assert.match(message, says)
    }
  })

  it('is the same for what never reaches the route: no JSON, too large, no key', async () => {
    await using api = await startApi({ apiKeys: ['secret'], uploadLimitBytes: 2000 })
    const headers = { 'content-type': 'application/json', 'x-api-key': 'secret' }
    for (const path of ['/v1/messages', '/messages', '/v1/messages/count_tokens', '/messages/count_tokens']) {
      const unknown = await refused(api, request, { path })
      assert.deepEqual([unknown.status, unknown.type], [401, 'authentication_error'])
      assert.equal(unknown.headers.get('www-authenticate'), 'Bearer')
      assert.ok(unknown.headers.get('request-id'))
      const garbled = await refused(api, '{"model":', { path, headers })
      assert.deepEqual([garbled.status, garbled.type], [400, 'invalid_request_error'])
      const large = await refused(api, { ...request, system: 'x'.repeat(2000) }, { path, headers })
      assert.deepEqual([large.status, large.type], [413, 'request_too_large'])
    }
    const answer = await api.post('/v1/messages', request, { headers })
    assert.equal(answer.status, 200)
  })
})

describe('POST /v1/messages/count_tokens', () => {
  it('[API-MESSAGES-COUNT] asks the backend about the conversation, as it is and as plain text', async () => {
    await using api = await startApi()
    const asked: unknown[] = []
    api.node.client = {
      tokenize: async (options) => {
        asked.push(options)
        return { length: 4, tokens: [1, 2, 3, 4] }
      },
    }
    const body = { ...request, max_tokens: undefined, system: 'Be brief.' }
    for (const path of ['/v1/messages/count_tokens', '/messages/count_tokens', '/v1/messages/count_tokens?beta=true']) {
      const response = await api.post(path, body)
      assert.equal(response.status, 200)
      assert.deepEqual(await response.json(), { input_tokens: 4 })
    }
    const [{ Prompt, Messages, UseTokenizerTemplate }] = asked as [Record<string, unknown>]
    assert.equal(Prompt, 'Be brief.\nhi')
    assert.equal(UseTokenizerTemplate, true)
    assert.deepEqual(Messages, [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'hi' },
    ])
    const path = '/v1/messages/count_tokens'
    assert.equal((await refused(api, {}, { path })).message, 'model is required')
    assert.equal((await refused(api, { ...body, model: 'x' }, { path })).message, 'model configuration not found')
    assert.equal((await refused(api, { model: 'tiny' }, { path })).message, 'messages is required')
  })
})
