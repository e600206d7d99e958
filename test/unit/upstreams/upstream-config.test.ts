import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  isWanted,
  parseUpstreamUrl,
  readUpstreamConfigs,
  type UpstreamTexts,
} from '../../../src/upstreams/upstream-config.ts'

const deps = {
  environment: { KEY: ' sk-from-variable ', EMPTY: '' },
  readFile: async (path: string) => {
    if (path === '/keys/a') return 'sk-from-file\n'
    throw Object.assign(new Error('no'), { code: 'ENOENT' })
  },
}
const none: UpstreamTexts = { upstreams: ['a=http://10.0.0.1:8000'], upstreamKeys: [], upstreamModels: [] }

describe('the address of an upstream', () => {
  const paths = (text: string) => {
    const { origin, apiPath, ownPath } = parseUpstreamUrl(text, 'a')
    return [origin, apiPath, ownPath]
  }
  it('means the same with and without the version', () => {
    for (const end of ['', '/', '/v1', '/v1/'])
      assert.deepEqual(paths(`http://10.0.0.1:8000${end}`), ['http://10.0.0.1:8000', '/v1', ''])
  })
  it('may have a folder, and a version of its own', () => {
    assert.deepEqual(paths('https://gpu.example/openai'), ['https://gpu.example', '/openai/v1', '/openai'])
    assert.deepEqual(paths('https://gpu.example/v1beta/openai/'), ['https://gpu.example', '/v1beta/openai', ''])
    assert.deepEqual(paths('http://[::1]:80/x/v4'), ['http://[::1]', '/x/v4', '/x'])
  })
  it('is http or https, and has neither a key nor a query', () => {
    for (const text of [
      'ftp://x',
      'unix:/x',
      'localhost:8000',
      '',
      'http://u:secret@x',
      'http://x/?key=secret',
      'http://x/#a',
    ])
      assert.throws(
        () => parseUpstreamUrl(text, 'a'),
        (error) => error instanceof Error && !error.message.includes('secret'),
        text,
      )
  })
})

describe('what the operator wrote', () => {
  it('takes keys from variables and files', async () => {
    const [variable] = await readUpstreamConfigs({ ...none, upstreamKeys: ['a=env:KEY'] }, deps)
    assert.equal(variable?.key, 'sk-from-variable')
    const [file] = await readUpstreamConfigs({ ...none, upstreamKeys: ['a=file:/keys/a'] }, deps)
    assert.equal(file?.key, 'sk-from-file')
  })
  it('is refused in words that say what to do, and never repeat what may be a key', async () => {
    const wrong: readonly [Partial<UpstreamTexts>, RegExp][] = [
      [{ upstreams: ['http://x'] }, /NAME=URL|a name has/],
      [{ upstreams: ['a=http://x', 'a=http://y'] }, /"a" is there twice/],
      [{ upstreams: ['a/b=http://x'] }, /a name has/],
      [{ upstreamKeys: ['a=sk-secret'] }, /env:VARIABLE or a=file:PATH/],
      [{ upstreamKeys: ['sk-secret'] }, /expected NAME=env:VARIABLE/],
      [{ upstreamKeys: ['a=env:EMPTY'] }, /the variable EMPTY is not set/],
      [{ upstreamKeys: ['a=file:/nowhere'] }, /cannot be read \(ENOENT\)/],
      [{ upstreamKeys: ['b=env:KEY'] }, /there is no upstream "b"; there is: a/],
      [{ upstreamModels: ['*'] }, /expected NAME=PATTERN/],
    ]
    for (const [texts, words] of wrong) {
      await assert.rejects(readUpstreamConfigs({ ...none, ...texts }, deps), (error) => {
        assert.ok(error instanceof Error)
        assert.match(error.message, words)
        assert.doesNotMatch(error.message, /sk-secret/)
        return true
      })
    }
  })
  it('groups patterns behind the name before them', async () => {
    const upstreams = ['a=http://x', 'b=http://y']
    const configs = await readUpstreamConfigs(
      { upstreams, upstreamKeys: [], upstreamModels: ['a=llama*', '*:7b', 'b=q'] },
      deps,
    )
    assert.deepEqual(
      configs.map(({ patterns }) => patterns),
      [['llama*', '*:7b'], ['q']],
    )
  })
  it('matches patterns in linear time', () => {
    assert.ok(isWanted('llama-3:7b', ['llama*', 'x']))
    assert.ok(isWanted('org/llama-3', ['*/llama-?', '*/lla*-3']))
    assert.ok(!isWanted('org/llama-3', ['llama*', '*/llama', 'org/llama-3x']))
    assert.ok(!isWanted('ab', ['ab*b']))
    assert.ok(!isWanted('a'.repeat(50_000), [`${'a*'.repeat(2_000)}b`]))
  })
})
