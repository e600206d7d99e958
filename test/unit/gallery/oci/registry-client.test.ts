import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../../../../src/base/errors.ts'
import { type HttpClient, type HttpResponse, TransientFailure } from '../../../../src/gallery/download/http-client.ts'
import { parseImageReference } from '../../../../src/gallery/oci/image-reference.ts'
import { createRegistryClient, type RegistryClient } from '../../../../src/gallery/oci/registry-client.ts'

const MANIFEST = '{"layers":[]}'
const BASIC = 'bWU6c2VjcmV0'

interface Answer {
  readonly status?: number
  readonly challenge?: string
  readonly body?: string
}

interface Asked {
  readonly url: string
  readonly authorization: string | undefined
}

/** A client over scripted answers; no connection is made. */
function scripted(answer: (asked: Asked) => Answer | Error, { allowHttp = false } = {}) {
  const asked: Asked[] = []
  let clockMs = 0
  const get: HttpClient['get'] = async (url, headers) => {
    const request = { url, authorization: headers['authorization'] }
    asked.push(request)
    const given = answer(request)
    if (given instanceof Error) throw given
    const { status = 200, challenge, body = MANIFEST } = given
    const chunks = Object.assign([Buffer.from(body)], { on: () => chunks, destroy: () => {} })
    const response: Omit<HttpResponse, 'body'> & { readonly body: unknown } = {
      status,
      from: new URL(url).origin + new URL(url).pathname,
      header: () => undefined,
      headers: () => (challenge === undefined ? [] : [challenge]),
      body: chunks,
    }
    return response as HttpResponse
  }
  const http: HttpClient = {
    get,
    retrying: (attempt) => attempt({ progressed: () => {} }),
    text: () => assert.fail('not used'),
    close: async () => {},
  }
  const client: RegistryClient = createRegistryClient(
    { http, credentialsFor: async () => BASIC, now: () => clockMs },
    { allowHttp },
  )
  const manifest = (name: string): Promise<string> => client.manifest(parseImageReference(name), undefined, {})
  return {
    asked,
    manifest,
    later: (ms: number) => {
      clockMs += ms
    },
  }
}

function noTls(): Error {
  const cause = Object.assign(new Error('wrong version number'), { code: 'ERR_SSL_WRONG_VERSION_NUMBER' })
  return new TransientFailure(new AppError('download.failed', 'no', { cause }))
}

const bearer = (realm: string): Answer => ({ status: 401, challenge: `Bearer realm="${realm}",service="s"` })

describe('a registry client', () => {
  it('asks Docker Hub where it really is', async () => {
    const { asked, manifest } = scripted(() => ({}))
    await manifest('alpine')
    assert.deepEqual(
      asked.map(({ url }) => url),
      ['https://registry-1.docker.io/v2/library/alpine/manifests/latest'],
    )
  })

  it('keeps a token as long as it holds, for its repository alone', async () => {
    const { asked, manifest, later } = scripted(({ url, authorization }) => {
      if (url.startsWith('https://auth.example/')) return { body: '{"access_token":"t","expires_in":100}' }
      return authorization === 'Bearer t' ? {} : bearer('https://auth.example/token?x=1')
    })
    await manifest('r.example/a/b:v1')
    assert.deepEqual(
      asked.map(({ url }) => url),
      [
        'https://r.example/v2/a/b/manifests/v1',
        'https://auth.example/token?x=1&service=s&scope=repository%3Aa%2Fb%3Apull',
        'https://r.example/v2/a/b/manifests/v1',
      ],
    )
    assert.deepEqual(
      asked.map(({ authorization }) => authorization),
      [undefined, `Basic ${BASIC}`, 'Bearer t'],
    )
    later(80_000)
    await manifest('r.example/a/b:v2')
    assert.equal(asked.length, 4)
    later(11_000)
    await manifest('r.example/a/b:v2')
    assert.equal(asked.length, 7)
    await manifest('r.example/a/c:v1')
    assert.equal(asked[7]?.authorization, undefined)
  })

  it('asks without TLS where that is allowed and nothing else is spoken, and tells no secret then', async () => {
    const refused = scripted(({ url }) => (url.startsWith('https:') ? noTls() : {}))
    await assert.rejects(refused.manifest('r.example/a/b:v1'))
    assert.equal(refused.asked.length, 1)

    const { asked, manifest } = scripted(
      ({ url }) => {
        if (url.includes('/token')) return { body: '{"token":"t"}' }
        if (url.startsWith('https:')) return noTls()
        return asked.some((before) => before.url.includes('/token')) ? {} : bearer('http://r.example/token')
      },
      { allowHttp: true },
    )
    await manifest('r.example/a/b:v1')
    await manifest('r.example/a/b:v2')
    assert.deepEqual(
      asked.map(({ url, authorization }) => [url.split('?')[0], authorization]),
      [
        ['https://r.example/v2/a/b/manifests/v1', undefined],
        ['http://r.example/v2/a/b/manifests/v1', undefined],
        ['http://r.example/token', undefined],
        ['http://r.example/v2/a/b/manifests/v1', 'Bearer t'],
        ['http://r.example/v2/a/b/manifests/v2', 'Bearer t'],
      ],
    )
  })

  it('buys no token for an encrypted registry at a place that is not', async () => {
    const { asked, manifest } = scripted(() => bearer('http://auth.example/token'), { allowHttp: true })
    await assert.rejects(manifest('r.example/a/b'), { code: 'download.refused', message: /which is not encrypted$/ })
    assert.equal(asked.length, 1)
  })

  it('gives up when its token is not taken', async () => {
    const { asked, manifest } = scripted(({ url }) =>
      url.includes('/token') ? { body: '{"token":"t"}' } : bearer('https://auth.example/token'),
    )
    await assert.rejects(manifest('r.example/a/b'), { code: 'download.failed', message: /refuses access/ })
    assert.equal(asked.length, 3)
  })

  it('has no answer to a way of asking that it does not know', async () => {
    const { manifest } = scripted(() => ({ status: 401, challenge: 'Negotiate' }))
    await assert.rejects(manifest('r.example/a/b'), { message: /docker login r\.example/ })
  })
})
