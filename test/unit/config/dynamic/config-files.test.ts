import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseApiKeys, parseExternalBackendsFile } from '../../../../src/config/dynamic/config-files.ts'

const INVALID = { code: 'config.invalid' }

describe('the files of the configuration folder', () => {
  it('api_keys.json is a list of texts', () => {
    assert.deepEqual(parseApiKeys(['a', 'b']), ['a', 'b'])
    for (const wrong of [{}, 'a', [1], [''], ['x'.repeat(513)], Array(1001).fill('a'), null]) {
      assert.throws(() => parseApiKeys(wrong), INVALID)
    }
  })

  it('external_backends.json is an object of names and URIs', () => {
    assert.deepEqual(parseExternalBackendsFile({ Mine: '127.0.0.1:50051' }), [{ name: 'mine', uri: '127.0.0.1:50051' }])
    for (const wrong of [[], { a: 1 }, { '': 'x' }, { 'a b': 'x' }, { a: '' }, { a: 'x'.repeat(4097) }, 'a']) {
      assert.throws(() => parseExternalBackendsFile(wrong), INVALID)
    }
  })
})
