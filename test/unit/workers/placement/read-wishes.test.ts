import assert from 'node:assert/strict'
import { it } from 'node:test'
import { readWishes } from '../../../../src/workers/placement/read-wishes.ts'
import { fakeModel } from '../../../support/fake-backend/fixture.ts'

it('a request goes before the model, and the model before the settings', () => {
  const node = { split: 'off', pins: [{ worker: 'n' }] } as const
  assert.deepEqual(readWishes(fakeModel('m'), {}, {}), { split: 'auto' })
  assert.deepEqual(readWishes(fakeModel('m'), {}, node), node)
  const own = fakeModel('m', { options: ['split:force', ' workers: a=3, b ', 'parallel:2'] })
  const pins = [{ worker: 'a', layers: 3 }, { worker: 'b' }]
  assert.deepEqual(readWishes(own, {}, node), { split: 'force', pins })
  assert.deepEqual(readWishes(own, { split: 'auto', pins: [] }, node), { split: 'auto' })
  assert.deepEqual(readWishes(fakeModel('m', { options: ['workers:off'] }), {}, {}), { split: 'off' })
  const servers = fakeModel('m', { options: ['grpc_servers:10.0.0.1:50052,[::1]:9'] })
  assert.deepEqual(readWishes(servers, {}, {}).pins, [{ worker: '10.0.0.1:50052' }, { worker: '[::1]:9' }])
})

it('gpu_layers and tensor_split say how much leaves and in which parts; "all" says nothing', () => {
  const said = readWishes(fakeModel('m', { gpuLayers: 12, tensorSplit: '3, 1,0,0' }), {}, {})
  assert.deepEqual(said, { split: 'auto', layersAway: 12, proportions: [3, 1] })
  assert.deepEqual(readWishes(fakeModel('m', { gpuLayers: 99_999_999 }), {}, {}), { split: 'auto' })
  for (const wrong of [{ tensorSplit: '3,x' }, { options: ['split:maybe'] }, { options: ['workers:=3'] }]) {
    assert.throws(() => readWishes(fakeModel('m', wrong), {}, {}), { code: 'model.config-invalid' })
  }
})
