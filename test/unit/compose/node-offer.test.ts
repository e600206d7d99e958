import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceOf, type NodeFacts, toNodeLoad, toNodeOffer } from '../../../src/compose/node-offer.ts'
import type { ModelConfig } from '../../../src/models/model-config.ts'

const config = {
  name: 'm',
  modelFile: '/models/m.gguf',
  knownUseCases: ['chat', 'completion'],
  contextSize: 2048,
} as unknown as ModelConfig

const facts: NodeFacts = {
  version: 'v1',
  group: 'g',
  serves: true,
  draining: false,
  device: 'cpu',
  backends: ['llama-cpp'],
  slots: 4,
  models: [{ id: 'm', config, created: 7 }],
  loaded: [],
  digestOf: () => ({ sha256: 'ab', sizeBytes: 12 }),
  speedOf: () => ({ generationTokensPerSecond: 123.4 }),
  engine: undefined,
}

test('an offer tells of the models, with what was measured in steps of a fifth', () => {
  assert.deepEqual(toNodeOffer(facts).models, [
    {
      name: 'm',
      loaded: false,
      capabilities: ['chat', 'completion'],
      created: 7,
      contextSize: 2048,
      fileSizeBytes: 12,
      fileHash: 'ab',
      generationTokensPerSecond: 110,
    },
  ])
  const loaded = [{ id: 'm', backend: 'llama-cpp', phase: 'ready', inFlight: 1 }] as const
  assert.equal(toNodeOffer({ ...facts, loaded }).models[0]?.loaded, true)
  assert.equal(toNodeOffer({ ...facts, loaded: [{ ...loaded[0], phase: 'starting' }] }).models[0]?.loaded, false)
})

test('who serves nobody tells of no models', () => {
  const { models, slots, backends, group } = toNodeOffer({ ...facts, serves: false })
  assert.deepEqual({ models, slots, backends, group }, { models: [], slots: 0, backends: [], group: 'g' })
})

test('requests beyond the slots of their model are queued', () => {
  const model = { backend: 'llama-cpp', phase: 'ready' } as const
  const { running, queued } = toNodeLoad(
    [
      { ...model, id: 'a', inFlight: 7 },
      { ...model, id: 'b', inFlight: 2 },
    ],
    4,
  )
  assert.deepEqual({ running, queued }, { running: 6, queued: 3 })
})

test('the device is the accelerator that a backend is built for', () => {
  assert.equal(deviceOf(['llama-cpp', 'llama-cpp-cuda'], 'linux'), 'cuda')
  assert.equal(deviceOf(['llama-cpp'], 'linux'), 'cpu')
  assert.equal(deviceOf(['llama-cpp'], 'darwin'), 'metal')
})
