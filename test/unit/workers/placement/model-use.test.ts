import assert from 'node:assert/strict'
import { it } from 'node:test'
import { toModelUse } from '../../../../src/workers/placement/model-use.ts'
import { fakeModel } from '../../../support/fake-backend/fixture.ts'
import { evenly, modelOf } from './planning.ts'

const { layers } = modelOf(evenly(2, 1e6))

it('a model gets the context that it was trained for at most, and what was asked for is kept to be told', () => {
  const config = fakeModel('m', { contextSize: 4096 })
  const use = toModelUse(config, layers, { parallel: 1, contextSize: 20_000 })
  assert.deepEqual([use.contextSize, use.askedContextSize], [8192, 20_000])
  const less = toModelUse(config, layers, { parallel: 1 })
  assert.deepEqual([less.contextSize, less.askedContextSize], [4096, undefined])
  const unknown = toModelUse(config, { ...layers, contextLength: 0 }, { parallel: 1, contextSize: 20_000 })
  assert.deepEqual([unknown.contextSize, unknown.askedContextSize], [20_000, undefined])
})
