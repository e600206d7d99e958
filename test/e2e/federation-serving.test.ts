import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import OpenAI from 'openai'
import { type Swarm, type SwarmNode, startSwarm } from '../support/swarm.ts'
import { tinyEmbedding } from '../support/tiny-models.ts'
import { clientsThroughTheNetwork, mediaModels } from './clients-network.ts'

const FRANCE = [{ role: 'user', content: 'What is the capital of France?' }] as const
const MODELS = { ada: 'red', bob: 'green', cyd: 'blue' } as const
const DOORS = [...Object.keys(MODELS), 'door']
const ENTRY_KEY = 'key-of-the-entry'

describe('three nodes with three models, and an entry with none', { timeout: 180_000 }, () => {
  let swarm: Swarm
  let media: Awaited<ReturnType<typeof mediaModels>>

  before(async () => {
    const embedder = await tinyEmbedding()
    media = await mediaModels()
    swarm = await startSwarm([
      { name: 'ada', chat: ['red'], arguments: ['--log-level', 'debug'] },
      { name: 'bob', chat: ['green'] },
      { name: 'cyd', chat: ['blue'], ...media.init, files: { ...media.init.files, 'embedder.gguf': embedder } },
      { name: 'door', entry: true, apiKey: ENTRY_KEY },
    ])
  })
  after(async () => {
    await swarm[Symbol.asyncDispose]()
    media[Symbol.dispose]()
  })

  it('streams every model through every node, by the openai SDK, and says who answered', async () => {
    for (const door of DOORS) {
      for (const [home, model] of Object.entries(MODELS)) {
        const { data: stream, response } = await clientOf(swarm.node(door))
          .chat.completions.create({ model, messages: [...FRANCE], temperature: 0, stream: true })
          .withResponse()
        let text = ''
        let pieces = 0
        for await (const chunk of stream) {
          text += chunk.choices[0]?.delta.content ?? ''
          pieces += 1
        }
        assert.equal(text, 'Paris is the capital of France.', `${model} through ${door}`)
        assert.ok(pieces > 2, 'it came in pieces')
        assert.equal(response.headers.get('x-localai-node'), home, `${model} through ${door}`)
      }
    }
  })

  it('answers whole, completes and embeds through the entry', async () => {
    const client = clientOf(swarm.node('door'))
    const chat = await client.chat.completions.create({ model: 'green', messages: [...FRANCE], temperature: 0 })
    assert.equal(chat.choices[0]?.message.content, 'Paris is the capital of France.')
    const completion = await client.completions.create({ model: 'red', prompt: 'Once', max_tokens: 4 })
    assert.equal(completion.object, 'text_completion')
    const far = await client.embeddings.create({ model: 'embedder.gguf', input: ['hello'], encoding_format: 'float' })
    const near = await clientOf(swarm.node('cyd')).embeddings.create({
      model: 'embedder.gguf',
      input: ['hello'],
      encoding_format: 'float',
    })
    assert.deepEqual(far.data, near.data)
    assert.ok((far.data[0]?.embedding.length ?? 0) > 0)
  })

  it('lists the models of all at each', async () => {
    for (const door of DOORS) {
      const models: string[] = []
      for await (const model of clientOf(swarm.node(door)).models.list()) models.push(model.id)
      for (const model of [...Object.values(MODELS), 'embedder.gguf']) {
        assert.ok(models.includes(model), `${door} lists ${models.join(', ')}`)
      }
      assert.equal(new Set(models).size, models.length, `no name twice at ${door}`)
    }
  })

  it('names the models there are when nobody has the one asked for', async () => {
    for (const door of DOORS) {
      await assert.rejects(
        clientOf(swarm.node(door)).chat.completions.create({ model: 'no-such-model', messages: [...FRANCE] }),
        (error) => {
          assert.ok(error instanceof OpenAI.NotFoundError, `${door}: ${String(error)}`)
          for (const word of ['no-such-model', ...Object.values(MODELS)]) assert.match(error.message, new RegExp(word))
          return true
        },
        door,
      )
    }
  })

  it('asks for the key at the entry, and does not hand it on', async () => {
    const door = swarm.node('door')
    const body = JSON.stringify({ model: 'red', messages: FRANCE })
    const headers = { 'content-type': 'application/json' }
    const url = `${door.url}/v1/chat/completions`
    assert.equal((await fetch(url, { method: 'POST', headers, body })).status, 401)
    const wrong = { ...headers, authorization: 'Bearer not-it' }
    assert.equal((await fetch(url, { method: 'POST', headers: wrong, body })).status, 401)
    const id = crypto.randomUUID()
    const right = { ...headers, authorization: `Bearer ${ENTRY_KEY}`, 'x-api-key': ENTRY_KEY, 'x-correlation-id': id }
    const answer = await fetch(url, { method: 'POST', headers: right, body })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('x-correlation-id'), id)
    const { process: ada } = swarm.node('ada')
    // One id finds the request in the logs of both nodes; at the debug level, where everything is told.
    await ada.waitForLog((line) => line['id'] === id, 5000)
    assert.ok(!JSON.stringify(ada.log).includes(ENTRY_KEY))
  })

  it('carries no administration from node to node', async () => {
    const id = crypto.randomUUID()
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${ENTRY_KEY}`,
      'x-correlation-id': id,
    }
    const body = JSON.stringify({ model: 'red', id: 'red' })
    const paths = ['/backend/shutdown', '/models/apply', '/models/delete/red', '/system', '/api/p2p/token', '/metrics']
    for (const path of paths) {
      const answer = await fetch(`${swarm.node('door').url}${path}?model=red`, { method: 'POST', headers, body })
      assert.ok([404, 405].includes(answer.status), `${path}: ${answer.status}`)
      await answer.text()
      assert.ok([null, 'door'].includes(answer.headers.get('x-localai-node')), path)
    }
    // A later request has arrived over the same way, so the earlier ones would have.
    const later = crypto.randomUUID()
    const chat = { model: 'red', messages: FRANCE }
    const url = `${swarm.node('door').url}/v1/chat/completions`
    const last = { ...headers, 'x-correlation-id': later }
    await (await fetch(url, { method: 'POST', headers: last, body: JSON.stringify(chat) })).text()
    const { process: ada } = swarm.node('ada')
    await ada.waitForLog((line) => line['id'] === later, 5000)
    assert.deepEqual(
      ada.log.filter((line) => line['id'] === id),
      [],
    )
  })

  clientsThroughTheNetwork({
    door: () => swarm.node('door'),
    key: ENTRY_KEY,
    owner: () => swarm.node('ada'),
    chat: 'red',
  })
})

function clientOf(node: SwarmNode): OpenAI {
  return new OpenAI({ baseURL: `${node.url}/v1`, apiKey: ENTRY_KEY, maxRetries: 0 })
}
