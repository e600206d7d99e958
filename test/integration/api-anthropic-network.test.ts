import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Compile } from 'typebox/compile'
import { COUNT_TOKENS, MESSAGES } from '../../src/api/anthropic/inference-paths.ts'
import { ErrorBody, MessageAnswer } from '../../src/api/anthropic/response-schema.ts'
import { AppError } from '../../src/base/errors.ts'
import { readStream } from '../support/anthropic-stream.ts'
import { startApi, startEntry } from './api-harness.ts'
import { fakeNetwork } from './fake-network.ts'
import { askOver, scriptedRouter, startOtherNode } from './scripted-router.ts'

const answers = Compile(MessageAnswer)
const refusals = Compile(ErrorBody)

const request = { model: 'tiny', max_tokens: 16, messages: [{ role: 'user', content: 'hi' }] }

async function refusal(response: Response): Promise<readonly [number, string, string]> {
  const value: unknown = await response.json()
  assert.ok(refusals.Check(value), JSON.stringify(value))
  return [response.status, value.error.type, value.error.message]
}

describe("Anthropic's routes on an entry without models", () => {
  it('are answered by a node that has the model, whole and streamed', async () => {
    await using far = await startApi()
    far.node.client = { tokenize: async () => ({ length: 2, tokens: [1, 2] }) }
    const scripted = scriptedRouter()
    scripted.script = askOver({ host: '127.0.0.1', port: new URL(far.url).port, agent: false })
    await using entry = await startEntry({ ...fakeNetwork().deps, router: scripted.router })
    for (const path of MESSAGES.urls) {
      const whole = await entry.post(path, request)
      const answer: unknown = await whole.json()
      assert.ok(answers.Check(answer))
      assert.equal(whole.headers.get('request-id'), whole.headers.get('x-correlation-id'))
      const stream = await entry.post(path, { ...request, stream: true })
      assert.deepEqual(readStream(await stream.text()).message.content, answer.content)
    }
    for (const path of COUNT_TOKENS.urls) {
      assert.deepEqual(await (await entry.post(path, request)).json(), { input_tokens: 2 })
    }
    assert.deepEqual(
      scripted.asked.map(({ model, capability }) => [model, capability]),
      Array.from({ length: 6 }, () => ['tiny', 'chat']),
    )
    const nameless = await refusal(await entry.post('/v1/messages', { ...request, model: undefined }))
    assert.deepEqual(nameless, [400, 'invalid_request_error', 'model is required'])
  })

  it('fail in the shape of the dialect, before a stream and in its midst', async () => {
    await using other = await startOtherNode((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'tiny', content: [] }
      const rest = { stop_reason: null, stop_sequence: null }
      const usage = { input_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 }
      const start = JSON.stringify({ type: 'message_start', message: { ...message, ...rest, usage } })
      response.write(`event: message_start\ndata: ${start}\n\nevent: content_bl`, () => response.destroy())
    })
    const scripted = scriptedRouter()
    await using entry = await startEntry({ ...fakeNetwork().deps, router: scripted.router })
    scripted.script = async () => {
      throw new AppError('network.model-not-found', 'no node has "tiny"')
    }
    const unknown = await refusal(await entry.post('/v1/messages', request))
    assert.deepEqual(unknown, [404, 'not_found_error', 'no node has "tiny"'])
    scripted.script = async () => {
      throw new AppError('federation.unavailable', 'nobody is there')
    }
    const alone = await refusal(await entry.post('/v1/messages/count_tokens', request))
    assert.deepEqual(alone.slice(0, 2), [503, 'overloaded_error'])
    scripted.script = other.route
    const broken = await entry.post('/v1/messages', { ...request, stream: true })
    assert.equal(readStream(await broken.text()).failed, true)
  })
})
