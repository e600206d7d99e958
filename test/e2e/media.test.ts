import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'
import { tinyReranker } from '../support/tiny-models.ts'

let node: RunningNode

before(async () => {
  const reranker = await tinyReranker()
  node = await startLocalAi({
    arguments: ['--llama-cpp-engine', 'node-llama-cpp', '--generated-content-path', './made', '--upload-path', './up'],
    prepare(folder) {
      mkdirSync(join(folder, 'models'))
      copyFileSync(reranker, join(folder, 'models', 'judge.gguf'))
    },
  })
})

after(async () => {
  await node[Symbol.asyncDispose]()
})

async function post(path: string, body: object): Promise<{ status: number; answer: Record<string, unknown> }> {
  const response = await fetch(`${node.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, answer: JSON.parse(await response.text()) }
}

describe('a node as it is installed', () => {
  it('ranks documents with a real reranker that nobody had to name', async () => {
    const documents = ['red', 'green', 'blue']
    const { status, answer } = await post('/jina/v1/rerank', { query: 'what colour?', documents, top_n: 2 })
    assert.equal(status, 200)
    assert.equal(answer['model'], 'judge.gguf')
    const results = answer['results'] as { index: number; document: { text: string }; relevance_score: number }[]
    assert.equal(results.length, 2)
    assert.ok((results[0]?.relevance_score ?? 0) >= (results[1]?.relevance_score ?? 0))
    for (const { index, document } of results) assert.equal(document.text, documents[index])
    assert.ok(Number((answer['usage'] as Record<string, unknown>)['total_tokens']) > 0)
  })

  it('edits a text with the model that it brings along', async () => {
    const { status, answer } = await post('/v1/edits', { instruction: 'Say hello.', input: 'x', max_tokens: 4 })
    assert.deepEqual([status, answer['object'], answer['model']], [200, 'edit', 'tiny-chat'])
  })

  it('keeps vectors', async () => {
    const set = { store: 'a', keys: [[1, 0]], values: ['east'] }
    const headers = { 'content-type': 'application/json' }
    const kept = await fetch(`${node.url}/stores/set`, { method: 'POST', headers, body: JSON.stringify(set) })
    assert.deepEqual([kept.status, await kept.text()], [200, ''])
    const { answer } = await post('/stores/find', { store: 'a', key: [2, 0], topk: 5 })
    assert.deepEqual(answer, { keys: [[1, 0]], values: ['east'], similarities: [1] })
  })

  it('says what to install for what it cannot do', async () => {
    const cases: readonly [path: string, body: object, backend: string][] = [
      ['/v1/images/generations', { prompt: 'x' }, 'stablediffusion-ggml'],
      ['/video', { prompt: 'x' }, 'diffusers'],
      ['/tts', { input: 'x' }, 'piper'],
      ['/v1/sound-generation', { text: 'x' }, 'transformers-musicgen'],
      ['/vad', { audio: [0] }, 'silero-vad'],
      ['/v1/detection', { image: 'aGk=' }, 'rfdetr'],
    ]
    for (const [path, body, backend] of cases) {
      const { status, answer } = await post(path, body)
      assert.equal(status, 400, path)
      assert.match(JSON.stringify(answer), new RegExp(`local-ai backends install ${backend}`), path)
    }
  })
})
