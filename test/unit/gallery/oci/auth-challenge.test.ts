import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseChallenges } from '../../../../src/gallery/oci/auth-challenge.ts'

const plain = (values: readonly string[]): unknown =>
  parseChallenges(values).map(({ scheme, parameters }) => ({ scheme, ...parameters }))

describe('parseChallenges', () => {
  it('reads what registries send', () => {
    const value = 'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull"'
    assert.deepEqual(plain([value]), [
      {
        scheme: 'bearer',
        realm: 'https://auth.example/token',
        service: 'registry.example',
        scope: 'repository:a/b:pull',
      },
    ])
  })
  it('reads several, in one line and in several', () => {
    const expected = [
      { scheme: 'basic', realm: 'x, y' },
      { scheme: 'bearer', realm: 'z', scope: 'a' },
    ]
    assert.deepEqual(plain(['Basic realm="x, y", Bearer realm=z , scope = "a"']), expected)
    assert.deepEqual(plain(['Basic realm="x, y"', 'BEARER Realm=z,scope=a']), expected)
  })
  it('reads escapes, and takes the first of two', () => {
    assert.deepEqual(plain(['Bearer realm="a\\"b\\\\c",realm="d"']), [{ scheme: 'bearer', realm: 'a"b\\c' }])
  })
  it('leaves out what it cannot read', () => {
    assert.deepEqual(plain(['Negotiate abc==, Bearer realm=x']), [
      { scheme: 'negotiate' },
      { scheme: 'bearer', realm: 'x' },
    ])
    assert.deepEqual(plain(['', ',,', '"quoted"', 'realm=x']), [])
    assert.deepEqual(plain([`Bearer realm="${'x'.repeat(9000)}"`]), [])
    assert.deepEqual(plain(['Bearer realm="never ends']), [{ scheme: 'bearer' }])
  })
  it('has no names that were not sent', () => {
    assert.equal(parseChallenges(['Bearer realm=x'])[0]?.parameters['constructor'], undefined)
  })
})
