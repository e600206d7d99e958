import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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

// A real model, a real server of tools, and a node between the client and both.
describe('tools of a model on another node', { timeout: 90_000 }, () => {
  let swarm: Swarm
  let folder: string

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mcp-network-'))
    const servers = { mcpServers: { weather: { command: process.execPath, args: [SERVER] } } }
    const config = {
      ...{ name: 'red', backend: 'llama-cpp', parameters: { model: 'chat.gguf', temperature: 0 } },
      mcp: { stdio: JSON.stringify(servers) },
    }
    // JSON is YAML.
    writeFileSync(join(folder, 'red.yaml'), JSON.stringify(config))
    swarm = await startSwarm([
      { name: 'ada', files: { 'red.yaml': join(folder, 'red.yaml'), 'chat.gguf': tinyChat() } },
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
