import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { proxyFor, readProxies } from '../../../src/base/proxies.ts'

const proxies = (noProxy = '') =>
  readProxies({ HTTP_PROXY: 'http://plain:1', HTTPS_PROXY: 'http://secure:2', NO_PROXY: noProxy })

describe('proxies', () => {
  it('are read from the environment, in capitals first', () => {
    assert.deepEqual(readProxies({}), { http: '', https: '', exempt: [] })
    assert.deepEqual(readProxies({ HTTPS_PROXY: '', https_proxy: ' proxy.example:3128 ' }), {
      ...{ http: '', https: 'proxy.example:3128', exempt: [] },
    })
    assert.deepEqual(readProxies({ HTTP_PROXY: 'https://one', http_proxy: 'http://two', no_proxy: 'a, B\n.c' }), {
      ...{ http: 'https://one', https: '', exempt: ['a', 'b', '.c'] },
    })
  })

  it('are addresses with or without a scheme', () => {
    const of = (text: string) => proxyFor(new URL('https://a.example'), readProxies({ HTTPS_PROXY: text }))?.href
    assert.equal(of('proxy.example:3128'), 'http://proxy.example:3128/')
    assert.equal(of('https://me:open@proxy.example'), 'https://me:open@proxy.example/')
  })

  it('that are none are refused when they are needed, without what was said: it may hold a password', () => {
    for (const value of ['http://', 'ftp://user:secret@x', 'http://user:secret@x:port', 'socks5://user:secret@x']) {
      const read = readProxies({ HTTPS_PROXY: value })
      assert.equal(proxyFor(new URL('http://a.example'), read), undefined)
      assert.throws(
        () => proxyFor(new URL('https://a.example'), read),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'config.invalid')
          assert.match(error.message, /^HTTPS_PROXY is not the address of an HTTP proxy/)
          assert.ok(!error.message.includes('secret'))
          return true
        },
      )
    }
  })

  it('are by the scheme of what is asked for', () => {
    assert.equal(proxyFor(new URL('http://a.example/'), proxies())?.host, 'plain:1')
    assert.equal(proxyFor(new URL('https://a.example/'), proxies())?.host, 'secure:2')
    assert.equal(proxyFor(new URL('https://a.example/'), readProxies({ HTTP_PROXY: 'http://plain:1' })), undefined)
  })

  it('are never for this machine', () => {
    for (const host of ['localhost', 'x.localhost', '127.0.0.1', '127.9.9.9:80', '[::1]:80', 'LOCALHOST.']) {
      assert.equal(proxyFor(new URL(`http://${host}/`), proxies()), undefined, host)
    }
    assert.ok(proxyFor(new URL('http://localhost.example/'), proxies()))
  })

  it('are not for hosts that are exempt', () => {
    const rows: readonly [entry: string, url: string, exempt: boolean][] = [
      ['*', 'https://a.example', true],
      ['example.com', 'https://example.com', true],
      ['Example.com', 'https://a.EXAMPLE.com.', true],
      ['example.com', 'https://notexample.com', false],
      ['.example.com', 'https://example.com', false],
      ['.example.com', 'https://a.example.com', true],
      ['*.example.com', 'https://a.b.example.com', true],
      ['*.example.com', 'https://example.com', false],
      ['example.com:8443', 'https://example.com:8443', true],
      ['example.com:8443', 'https://example.com', false],
      ['example.com:443', 'https://example.com', true],
      ['10.1.2.3', 'http://10.1.2.3:8080', true],
      ['10.1.2.3:81', 'http://10.1.2.3', false],
      ['10.1.2.3:80', 'http://10.1.2.3', true],
      ['10.0.0.0/8', 'http://10.200.0.1', true],
      ['10.0.0.0/8', 'http://11.0.0.1', false],
      ['10.0.0.0/99', 'http://10.0.0.1', false],
      ['10.0.0.0/8', 'http://ten.example', false],
      ['fd00::/8', 'http://[fd12::1]/', true],
      ['fd12::1', 'http://[fd12::1]/', true],
      ['[fd12::1]:80', 'http://[fd12::1]/', true],
      ['[fd12::1]:81', 'http://[fd12::1]/', false],
      ['other.example, a.example', 'https://a.example', true],
    ]
    for (const [entry, url, exempt] of rows) {
      assert.equal(proxyFor(new URL(url), proxies(entry)) === undefined, exempt, `${entry} ${url}`)
    }
  })
})
