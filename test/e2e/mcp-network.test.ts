import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import OpenAI from 'openai'
import { type Swarm, startSwarm } from '../support/swarm.ts'
import { tinyChat } from '../support/tiny-models.ts'

const SERVER = fileURLToPath(new URL('../support/mcp/weather-server.ts', import.meta.url))
const QUESTION = 'What is the weather in Oslo?'
const ANSWER = 'It is 20 degrees in Oslo.'

/** A model with a server of tools, which notes each call in that folder. */
function filesIn(folder: string): Readonly<Record<string, string>> {
  const servers = { mcpServers: { weather: { command: process.execPath, args: [SERVER, join(folder, 'calls')] } } }
  const config = {
    ...{ name: 'red', backend: 'llama-cpp', parameters: { model: 'chat.gguf', temperature: 0 } },
    mcp: { stdio: JSON.stringify(servers) },
  }
  // JSON is YAML.
  writeFileSync(join(folder, 'red.yaml'), JSON.stringify(config))
  return { 'red.yaml': join(folder, 'red.yaml'), 'chat.gguf': tinyChat() }
}

// A real model, a real server of tools, and a node between the client and both.
describe('tools of a model on another node', { timeout: 90_000 }, () => {
  let swarm: Swarm
  let folder: string

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mcp-network-'))
    swarm = await startSwarm([
      { name: 'ada', files: filesIn(folder) },
      { name: 'door', entry: true },
    ])
  })
  after(async () => {
    await swarm?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  const client = (path: string): OpenAI =>
    new OpenAI({ baseURL: `${swarm.node('door').url}${path}`, apiKey: 'unused', maxRetries: 0 })

  it('are called there, and the chat is answered through the entry', async () => {
    const { data, response } = await client('/mcp/v1')
      .chat.completions.create({ model: 'red', messages: [{ role: 'user', content: QUESTION }] })
      .withResponse()
    assert.equal(data.choices[0]?.message.content, ANSWER)
    assert.equal(data.choices[0]?.finish_reason, 'stop')
    assert.equal(response.headers.get('x-localai-node'), 'ada')
  })

  it('are listed by the node that has the model', async () => {
    const response = await fetch(`${swarm.node('door').url}/v1/mcp/servers/red`)
    assert.equal(response.headers.get('x-localai-node'), 'ada')
    const { model, servers } = (await response.json()) as {
      model: string
      servers: { name: string; tools: string[] }[]
    }
    assert.deepEqual([model, servers.map(({ name }) => name)], ['red', ['weather']])
    assert.deepEqual(servers[0]?.tools, ['get_weather'])
    assert.equal((await fetch(`${swarm.node('door').url}/v1/mcp/servers/blue`)).status, 404)
  })

  it('and so is a response', async () => {
    const answer = await client('/v1').responses.create({ model: 'red', input: QUESTION })
    assert.equal(answer.output_text, ANSWER)
    const stream = await client('/v1').responses.create({ model: 'red', input: QUESTION, stream: true })
    let text = ''
    for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta
    assert.equal(text, ANSWER)
  })
})

describe('an answer with tools whose node is killed', { timeout: 90_000 }, () => {
  it('goes on at the next one, which does not run them again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mcp-killed-'))
    const files = filesIn(folder)
    const calls = (): number => readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n').length
    await using swarm = await startSwarm([
      { name: 'ada', files },
      { name: 'bob', files },
      { name: 'door', entry: true },
    ])
    await swarm.settled()
    const body = { model: 'red', messages: [{ role: 'user', content: QUESTION }], stream: true }
    const ask = async () =>
      await fetch(`${swarm.node('door').url}/mcp/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    try {
      for (const round of [1, 2]) {
        const response = await ask()
        const serving = response.headers.get('x-localai-node') ?? ''
        let text = ''
        let killed = false
        for await (const bytes of response.body ?? []) {
          text += Buffer.from(bytes).toString()
          // The tool has run, and the model is asked what it has to say to that.
          if (killed || round === 1 || !text.includes('mcp_tool_result')) continue
          killed = true
          await swarm.node(serving).end('SIGKILL')
        }
        assert.equal(killed, round > 1)
        const said = [...text.matchAll(/"content":"([^"]*)"/g)].map(([, part]) => part).join('')
        assert.deepEqual([said, calls()], [ANSWER, round], text)
        assert.match(text, /\[DONE\]/)
        if (killed) await swarm.node(serving).start()
        await swarm.settled()
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
