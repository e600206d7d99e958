import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { llamaServerForTests } from '../support/llama-server.ts'
import { MAIN } from '../support/local-ai.ts'
import { poll } from '../support/poll.ts'
import { type RunningLlamaServer, startLlamaServer } from '../support/running-llama-server.ts'
import { type Swarm, startSwarm } from '../support/swarm.ts'
import { tinyChat, tinyEmbedding } from '../support/tiny-models.ts'
import { events, json, type ScriptedServer, said, startScriptedServer } from '../unit/upstreams/scripted-server.ts'

const run = promisify(execFile)
const KEY = 'sk-of-the-upstream'
const CHAT = '/v1/chat/completions'
const FRANCE = [{ role: 'user', content: 'What is the capital of France?' }] as const
const PARIS = 'Paris is the capital of France.'
const ASKS_WEATHER = [{ role: 'user', content: 'What is the weather in Paris?' }] as const
const weather = {
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { enum: ['Rome'] } }, required: ['city'] },
}

const server = await llamaServerForTests()

describe('a llama-server behind one of two nodes', { timeout: 240_000, skip: 'missing' in server }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'local-ai-upstream-'))
  let chat: RunningLlamaServer
  let embedder: RunningLlamaServer
  let flaky: ScriptedServer
  let sound: ScriptedServer
  let swarm: Swarm
  const openai = (name: string) =>
    new OpenAI({ baseURL: `${swarm.node(name).url}/v1`, apiKey: 'unused', maxRetries: 0 })
  const startChat = async (port?: number) =>
    await startLlamaServer({
      ...{ binary: 'binary' in server ? server.binary : '', model: tinyChat(), alias: 'shared', key: KEY },
      ...{ arguments: ['--jinja'], ...(port === undefined ? {} : { port }) },
    })

  before(async () => {
    writeFileSync(join(folder, 'key'), `${KEY}\n`, { mode: 0o600 })
    writeFileSync(join(folder, 'wrong'), 'sk-wrong\n', { mode: 0o600 })
    const binary = 'binary' in server ? server.binary : ''
    const model = await tinyEmbedding()
    ;[chat, embedder] = await Promise.all([
      startChat(),
      startLlamaServer({ binary, model, alias: 'vectors', key: KEY, arguments: ['--embeddings'] }),
    ])
    const listed = { '/v1/models': json({ data: [{ id: 'spare' }] }) }
    flaky = await startScriptedServer({ ...listed, [CHAT]: json({ error: 'broken' }, 500) })
    sound = await startScriptedServer({ ...listed, [CHAT]: events(said('from sound', 'stop')) })
    const urls = { ls: chat.url, emb: `${embedder.url}/v1`, locked: chat.url, flaky: flaky.url }
    const attached = Object.entries(urls)
    const words = attached.flatMap(([name, url]) => [
      ...['--upstream', `${name}=${url}`],
      ...['--upstream-key', `${name}=file:${join(folder, name === 'locked' ? 'wrong' : 'key')}`],
    ])
    swarm = await startSwarm([
      { name: 'ada', arguments: [...words, '--random-worker'] },
      { name: 'bob', chat: ['shared'], arguments: ['--upstream', `sound=${sound.url}`] },
    ])
  })
  after(async () => {
    await swarm?.[Symbol.asyncDispose]()
    await Promise.all([chat?.kill(), embedder?.kill(), flaky?.[Symbol.asyncDispose](), sound?.[Symbol.asyncDispose]()])
    rmSync(folder, { recursive: true, force: true })
  })

  it('is found out about: what it is, what its models can do, and that a key is wrong', async () => {
    const { upstreams } = (await swarm.node('ada').ask('/api/upstreams')) as {
      upstreams: readonly {
        name: string
        state: string
        kind: string
        slots: number
        problem: string
        models: unknown
      }[]
    }
    assert.deepEqual(upstreams.map(({ name, state, kind, slots }) => ({ name, state, kind, slots })).slice(0, 2), [
      { name: 'ls', state: 'up', kind: 'llama-server', slots: 2 },
      { name: 'emb', state: 'up', kind: 'llama-server', slots: 2 },
    ])
    const locked = upstreams.find(({ name }) => name === 'locked')
    assert.equal(locked?.state, 'down')
    assert.match(locked?.problem ?? '', /upstream locked refused its key \(401\)/)
    const { stdout } = await run(process.execPath, [MAIN, 'upstreams', '--endpoint', swarm.node('ada').url])
    assert.match(stdout, /ls +up +llama-server .* shared/)
    assert.ok(!JSON.stringify([swarm.node('ada').process.log, upstreams, stdout]).includes('sk-'), 'no key anywhere')
  })

  it('streams through the other node, calls tools and embeds, by the SDKs', async () => {
    const { data: stream, response } = await openai('bob')
      .chat.completions.create({ model: 'ls/shared', messages: [...FRANCE], temperature: 0, stream: true })
      .withResponse()
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    assert.equal(text, PARIS)
    assert.equal(response.headers.get('x-localai-node'), 'ada')
    const called = await openai('ada').chat.completions.create({
      ...{ model: 'ls/shared', messages: [...ASKS_WEATHER], temperature: 0, tool_choice: 'required' },
      tools: [{ type: 'function', function: weather }],
    })
    const [call] = called.choices[0]?.message.tool_calls ?? []
    assert.ok(call?.type === 'function')
    assert.deepEqual([call.function.name, JSON.parse(call.function.arguments)], ['get_weather', { city: 'Rome' }])
    assert.equal(called.choices[0]?.finish_reason, 'tool_calls')
    const input = ['hello', 'world']
    const { data } = await openai('bob').embeddings.create({ model: 'vectors', input, encoding_format: 'float' })
    assert.deepEqual(
      data.map(({ embedding }) => embedding.length),
      [64, 64],
    )
    const anthropic = new Anthropic({ baseURL: swarm.node('ada').url, apiKey: 'unused', maxRetries: 0 })
    const asked = { model: 'ls/shared', max_tokens: 64, ...{ temperature: 0 }, messages: [...FRANCE] }
    const message = await anthropic.messages.create(asked)
    assert.deepEqual(message.content, [{ type: 'text', text: PARIS }])
    const counted = await anthropic.messages.countTokens({ model: 'ls/shared', messages: [...FRANCE] })
    assert.equal(counted.input_tokens, message.usage.input_tokens + (message.usage.cache_read_input_tokens ?? 0))
  })

  it('that fails before the first byte gives way to the server behind the other node, and explain says so', async () => {
    const ada = swarm.node('ada')
    const asked = () => flaky.asked.filter(({ path }) => path === CHAT).length
    let id = ''
    while (asked() === 0) {
      const { response, data } = await openai('ada')
        .chat.completions.create({ model: 'spare', messages: [...FRANCE] })
        .withResponse()
      assert.equal(data.choices[0]?.message.content, 'from sound')
      assert.equal(response.headers.get('x-localai-node'), 'bob')
      id = String(response.headers.get('x-correlation-id'))
    }
    assert.equal(asked(), 1)
    const { stdout } = await run(process.execPath, [MAIN, 'p2p', 'explain', id, '--endpoint', ada.url])
    assert.match(stdout, /ada \(this node\).* on flaky/)
    assert.match(stdout, /bob .* on sound/)
    assert.match(stdout, /it could not begin/)
  })

  it('is killed: what has begun ends with an error, what comes goes to who else has the model, until it is back', async () => {
    const ada = swarm.node('ada')
    const response = await ada.fetch(`${ada.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'ls/shared', messages: FRANCE, stream: true, max_tokens: 900, ignore_eos: true }),
    })
    const decoder = new TextDecoder()
    let text = ''
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes, { stream: true })
      if (chat.child.signalCode === null) await chat.kill()
    }
    assert.match(text, /"error":\{.*upstream ls/)
    assert.ok(!text.includes('"finish_reason":"'), 'it does not look whole')
    const { response: other, data } = await openai('ada')
      .chat.completions.create({ model: 'shared', messages: [...FRANCE], temperature: 0 })
      .withResponse()
    assert.equal(data.choices[0]?.message.content, PARIS)
    assert.equal(other.headers.get('x-localai-node'), 'bob')
    await assert.rejects(openai('ada').chat.completions.create({ model: 'ls/shared', messages: [...FRANCE] }), {
      status: 502,
    })
    chat = await startChat(Number(new URL(chat.url).port))
    await poll('the model is back', 60_000, async () => (await swarm.node('bob').models()).includes('ls/shared'))
    const back = await openai('bob').chat.completions.create({
      model: 'ls/shared',
      messages: [...FRANCE],
      temperature: 0,
    })
    assert.equal(back.choices[0]?.message.content, PARIS)
  })
})
