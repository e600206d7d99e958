import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createOpenGets } from '../../../../src/api/access/open-gets.ts'
import { accessSettings } from '../../../../src/config/access-settings.ts'

describe('paths that are read without a key', () => {
  const pages = accessSettings.openGetPaths.fallback as readonly string[]
  const isOpen = createOpenGets(pages)
  const rows: readonly [method: string, url: string, open: boolean][] = [
    ['GET', '/', true],
    ['HEAD', '/', true],
    ['GET', '/?lang=de', true],
    ['GET', '/browse/models/1', true],
    ['GET', '/swagger/index.html', true],
    ['GET', '/static/a/b.css', true],
    ['POST', '/tts', false],
    ['DELETE', '/', false],
    ['GET', '/tts', true],
    ['GET', '/v1/models', false],
    ['GET', '/apple', false],
    ['GET', '/api/p2p/token?/static/', false],
    ['GET', `/static/${'a'.repeat(200)}`, false],
  ]
  for (const [method, url, open] of rows) {
    it(`${method} ${url.slice(0, 40)}: ${open}`, () => assert.equal(isOpen(method, url), open))
  }

  it('a pattern without anchors is not found beside the path: in the host or the fragment', () => {
    const isOpenStyle = createOpenGets(['/static/', '\\.css$'])
    assert.equal(isOpenStyle('GET', '/a/static/b'), true)
    assert.equal(isOpenStyle('GET', 'http://host/a.css?b'), true)
    for (const url of ['/v1/models#a.css', '/v1/models#/static/', '/v1/models?a.css', 'HTTP://static/v1/models']) {
      assert.equal(isOpenStyle('GET', url), false, url)
    }
  })

  const refused = [
    '(a+)+$',
    '(a|aa)*$',
    '^(a?a?)*$',
    '^((ab)*c){2,}',
    '^(a)\\1$',
    '^(?=a)',
    '^(',
    '^a?a?a?a?$',
    '.*.*.*x',
    `^${'a'.repeat(300)}`,
    `^(${'a|'.repeat(20)}b)`,
  ]
  for (const pattern of refused) {
    it(`have no pattern like ${pattern.slice(0, 20)}`, () => {
      assert.throws(() => createOpenGets([pattern]), {
        code: 'config.invalid',
        message: /--http-get-exempted-endpoints/,
      })
    })
  }

  it('have patterns with letters that only look like repetitions', () => {
    const escaped = createOpenGets(['^/a\\+\\*[+*?]#?(x[)|]y)?$'])
    assert.deepEqual([escaped('GET', '/a+**'), escaped('GET', '/a+**x)y'), escaped('GET', '/a')], [true, true, false])
  })
})
