import assert from 'node:assert/strict'
import { test } from 'node:test'
import { likenessOf } from '../../../src/models/likeness.ts'
import type { ModelConfig } from '../../../src/models/model-config.ts'
import { modelConfig } from '../../integration/scripted-backend.ts'

const FACTS = { fileHash: 'ab', engine: 'llama-server', version: 'v1' }
const of = (more: Partial<ModelConfig> = {}, facts = {}): string =>
  likenessOf(modelConfig('m', more), { ...FACTS, ...facts })

test('a model is like another one wherever it lies, however fast it runs and in whatever order its keys are written', () => {
  assert.match(of(), /^[0-9a-f]{32}$/)
  const elsewhere = {
    name: 'other',
    modelFile: '/elsewhere/x.gguf',
    threads: 3,
    gpuLayers: 99,
    pinned: true,
    revision: 4,
  }
  assert.equal(of(elsewhere), of())
  assert.equal(of({ options: ['workers:a,b=3', 'x:1', 'split:force', 'rpc_servers:h:1'] }), of({ options: ['x:1'] }))
  assert.equal(of({ parameters: { model: 'b.gguf' } }), of({ parameters: { model: 'a.gguf' } }))
  const first = of({ parameters: { model: 'm', topK: 1, topP: 0.5 } })
  assert.equal(of({ parameters: { topP: 0.5, topK: 1, model: 'm' } }), first)
  const adapter = (file: string) => ({ loraAdapters: [{ file, scale: 1 }] })
  assert.equal(of(adapter('/here/l.gguf')), of(adapter('/there/l.gguf')))
})

test('it is another one when anything differs that can change an answer', () => {
  const others = [
    of({}, { fileHash: 'cd' }),
    of({}, { engine: 'node-llama-cpp' }),
    of({}, { version: 'v2' }),
    of({ parameters: { model: 'm.gguf', temperature: 0.1 } }),
    of({ stopWords: ['x'] }),
    of({ systemPrompt: 'x' }),
    of({ contextSize: 5 }),
    of({ grammar: 'root ::= "x"' }),
    of({ options: ['x:1'] }),
    of({ loraAdapters: [{ file: 'l', scale: 1 }] }),
    of({ reasoningDisabled: true }),
  ]
  assert.equal(new Set([of(), ...others]).size, others.length + 1)
})
