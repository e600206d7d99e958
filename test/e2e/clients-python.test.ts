import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'
import { pythonClients } from '../support/python-clients.ts'
import { tinyEmbedding } from '../support/tiny-models.ts'

const KEY = 'key-of-the-python-clients'

describe('the Python clients, unmodified, against the running command line', { timeout: 400_000 }, () => {
  let node: RunningNode
  let clients: Awaited<ReturnType<typeof pythonClients>>

  before(async () => {
    const embedding = await tinyEmbedding()
    const prepare = (folder: string): void => {
      mkdirSync(join(folder, 'models'))
      copyFileSync(embedding, join(folder, 'models', 'embedder.gguf'))
    }
    const starting = startLocalAi({ prepare, environment: { LOCALAI_API_KEY: KEY } })
    clients = await pythonClients()
    node = await starting
  })
  after(async () => await node[Symbol.asyncDispose]())

  const scripts = { 'openai_client.py': ['tiny-chat', 'embedder.gguf'], 'anthropic_client.py': ['tiny-chat'] }
  for (const [script, models] of Object.entries(scripts)) {
    it(script, async (test) => {
      if ('missing' in clients) return test.skip(clients.missing)
      const checks = await clients.run(script, [node.url, KEY, ...models])
      assert.ok(checks.length >= 10)
      for (const { name, error } of checks) await test.test(name, () => assert.equal(error, null, error ?? undefined))
    })
  }
})
