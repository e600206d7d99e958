import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDeviceFacts } from '../../../../src/workers/program/device-facts.ts'

describe('what the worker program tells of its device', () => {
  it('is taken as it is', () => {
    const facts = {
      device: 'CPU',
      memoryTotalBytes: 2 ** 34,
      memoryFreeBytes: 2 ** 33,
      weightBytesPerSecond: { q8_0: 1e10, f16: 2e10 },
    }
    assert.deepEqual(parseDeviceFacts(JSON.stringify(facts)), facts)
  })
  it('is nothing when it is not whole', () => {
    const broken = [
      '',
      'null',
      '{"device":"CPU"}',
      '{"device":"CPU","memoryTotalBytes":-1,"memoryFreeBytes":1,"weightBytesPerSecond":{}}',
      '{"device":"CPU","memoryTotalBytes":1,"memoryFreeBytes":1,"weightBytesPerSecond":{"f16":"fast"}}',
      '{"device":"CPU","memoryTotalBytes":1,"memoryFreeBytes":1,"weightBytesPerSecond":null}',
    ]
    for (const text of broken) assert.throws(() => parseDeviceFacts(text), { code: 'backend.failed' }, text)
  })
})
