import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'
import { poll } from '../support/poll.ts'
import { descendants, gone, needsProc } from '../support/processes.ts'
import { tinyChat } from '../support/tiny-models.ts'

const KEY = 'from-the-start'
const ROUNDS = 3

const yamlOf = (name: string, maxTokens: number): string =>
  `name: ${name}\nbackend: llama-cpp\nparameters:\n  model: chat.gguf\n  max_tokens: ${maxTokens}\n`

interface Chunk {
  readonly choices: readonly { readonly text: string; readonly finish_reason: string | null }[]
  readonly usage?: { readonly completion_tokens: number }
}

describe('a node whose configuration changes while it answers', { ...needsProc, timeout: 90_000 }, () => {
  let node: RunningNode
  let config: string
  let models: string
  const stopped = new AbortController()
  /** What each stream has ended with: its tokens, in the order of the ends. */
  const ended: { readonly model: string; readonly tokens: number }[] = []
  let load: Promise<unknown> = Promise.resolve()

  before(async () => {
    node = await startLocalAi({
      arguments: ['--localai-config-dir', 'configuration', '--log-level', 'debug'],
      environment: { LOCALAI_API_KEY: KEY },
      prepare(folder) {
        config = join(folder, 'configuration')
        models = join(folder, 'models')
        for (const made of [config, models]) mkdirSync(made)
        symlinkSync(tinyChat(), join(models, 'chat.gguf'))
        writeFileSync(join(models, 'steady.yaml'), yamlOf('steady', 40))
        writeFileSync(join(models, 'changing.yaml'), yamlOf('changing', 20))
      },
    })
  })
  after(async () => {
    stopped.abort()
    await load.catch(() => {})
    await node?.[Symbol.asyncDispose]()
  })

  const ask = async (path: string, init: RequestInit = {}, key = KEY): Promise<Response> =>
    await fetch(node.url + path, {
      ...init,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    })

  async function complete(model: string): Promise<number> {
    const body = { model, prompt: 'Once', ignore_eos: true, stream: true, stream_options: { include_usage: true } }
    const response = await ask('/v1/completions', { method: 'POST', body: JSON.stringify(body) })
    const text = await response.text()
    assert.equal(response.status, 200, text)
    const events = text.split('\n\n').map((event) => event.replace(/^data: /, ''))
    assert.deepEqual(events.slice(-2), ['[DONE]', ''], text)
    const chunks = events.slice(0, -2).map((event) => JSON.parse(event) as Chunk)
    assert.deepEqual(
      chunks.flatMap(({ choices }) => choices.flatMap(({ finish_reason: reason }) => reason ?? [])),
      ['length'],
      text,
    )
    return chunks.at(-1)?.usage?.completion_tokens ?? 0
  }

  async function askOn(model: string): Promise<void> {
    while (!stopped.signal.aborted) ended.push({ model, tokens: await complete(model) })
  }

  /** At once, as editors and tools do it: nobody reads half of it. */
  function put(path: string, text: string): void {
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }

  async function listed(): Promise<readonly string[]> {
    const { data } = (await (await ask('/v1/models')).json()) as { data: readonly { id: string }[] }
    return data.map(({ id }) => id)
  }

  const open = (): number => readdirSync(`/proc/${node.pid}/fd`).length

  it('gives each answer to its end, and the next by the new words', async () => {
    await Promise.all([complete('steady'), complete('changing')])
    const before = { files: open(), processes: descendants(node.pid).length }
    load = Promise.all([askOn('steady'), askOn('steady'), askOn('changing'), askOn('changing')])
    load.catch(() => stopped.abort())
    for (let round = 1; round <= ROUNDS; round += 1) {
      const tokens = 20 + round
      put(join(models, 'changing.yaml'), yamlOf('changing', tokens))
      put(join(models, `extra-${round}.yaml`), yamlOf(`extra-${round}`, 4))
      put(join(config, 'api_keys.json'), JSON.stringify([`key-${round}`]))
      await poll('the new length', 20_000, () => stopped.signal.aborted || ended.some((one) => one.tokens === tokens))
      await poll('the new model', 10_000, async () => (await listed()).includes(`extra-${round}`))
      await poll('the new key', 10_000, async () => (await ask('/v1/models', {}, `key-${round}`)).status === 200)
      assert.equal((await ask('/v1/models', {}, `key-${round - 1}`)).status, 401)
      rmSync(join(models, `extra-${round}.yaml`))
      await poll('the model is gone', 10_000, async () => !(await listed()).includes(`extra-${round}`))
    }
    stopped.abort()
    await load
    assert.ok(ended.filter(({ model }) => model === 'steady').every(({ tokens }) => tokens === 40))
    assert.ok(ended.length > 4 * ROUNDS, `${ended.length} answers`)
    // The process that ran the model by its old words goes when the last answer of it has ended.
    await poll('nothing is left over', 20_000, () => descendants(node.pid).length <= before.processes)
    await poll('files and sockets are closed', 20_000, () => open() <= before.files + 8)
    const all = descendants(node.pid)
    await node.end('SIGTERM')
    for (const pid of all) await gone(pid)
  })
})
