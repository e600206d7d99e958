import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createDownloads, type Downloads } from '../../src/gallery/download/create-downloads.ts'
import type { HttpClientInit } from '../../src/gallery/download/http-client.ts'
import type { DownloadProgress } from '../../src/gallery/download/progress.ts'
import { type ImageUri, parseModelUri } from '../../src/gallery/download/uri.ts'
import type { CredentialsFor } from '../../src/gallery/oci/docker-credentials.ts'
import { writeOciImage } from '../../src/gallery/oci/write-oci-image.ts'
import { makeTar, makeTarGz } from '../support/archives.ts'
import { sendFile, startFileServer } from '../support/file-server.ts'
import { digestOf, LAYER, startImageRegistry } from '../support/image-registry.ts'

const LINUX = { os: 'linux', architecture: 'amd64' }
const LIMITS = { maxBytes: 20_000_000, maxEntries: 100 }
const layerOf = (path: string, body: Buffer | string = path): Buffer => makeTarGz([{ path, body: Buffer.from(body) }])

interface Bench extends AsyncDisposable {
  readonly downloads: Downloads
  readonly parent: string
  readonly folder: string
  unpack(reference: string, options?: Parameters<Downloads['images']['unpack']>[1]): Promise<string[]>
  /** What is beside the folder that images are unpacked into, of layers that wait too. */
  leftovers(): Promise<string[]>
}

interface BenchInit {
  readonly http?: Partial<HttpClientInit>
  readonly credentialsFor?: CredentialsFor
}

async function bench({ http, credentialsFor }: BenchInit = {}): Promise<Bench> {
  const parent = await mkdtemp(join(tmpdir(), 'local-ai-images-'))
  const folder = join(parent, 'out')
  const downloads = createDownloads({
    hubEndpoint: 'https://hub.example',
    http: { allowPrivateAddresses: true, retryDelayMs: 1, maxRetryDelayMs: 2, maxAttempts: 2, ...http },
    platform: LINUX,
    ...(credentialsFor && { credentialsFor }),
  })
  return {
    downloads,
    parent,
    folder,
    async unpack(reference, options = {}) {
      await rm(folder, { recursive: true, force: true })
      await mkdir(folder)
      const uri = parseModelUri(reference) as ImageUri
      await downloads.images.unpack({ uri, folder, parent, limits: LIMITS }, options)
      return (await readdir(folder, { recursive: true })).toSorted()
    },
    leftovers: async () =>
      (await readdir(parent, { recursive: true })).filter((name) => !name.startsWith('out')).toSorted(),
    async [Symbol.asyncDispose]() {
      await downloads.close()
      await rm(parent, { recursive: true, force: true })
    },
  }
}

describe('an image of a registry', () => {
  it('is found by token, index, manifest and layers, and laid out in their order', async () => {
    await using registry = await startImageRegistry({ realm: 'SELF/token' })
    const lower = registry.blob(makeTarGz([{ path: 'run.sh', body: Buffer.from('old') }, { path: 'gone' }]), LAYER)
    const upper = registry.blob(makeTar([{ path: 'run.sh', body: Buffer.from('new') }, { path: '.wh.gone' }]), LAYER)
    const wrong = registry.image('o/r', [registry.blob(layerOf('for-arm'), LAYER)])
    const right = registry.image('o/r', [lower, upper])
    registry.index('o/r:v1', [
      { digest: wrong, platform: { os: 'linux', architecture: 'arm64' } },
      { digest: right, platform: LINUX },
    ])
    await using at = await bench()
    const seen: DownloadProgress[] = []
    const names = await at.unpack(`oci://${registry.host}/o/r:v1`, { onProgress: (progress) => seen.push(progress) })
    assert.deepEqual(names, ['run.sh'])
    assert.equal(await readFile(join(at.folder, 'run.sh'), 'utf8'), 'new')
    assert.deepEqual(await at.leftovers(), [])
    const total = lower.size + upper.size
    assert.deepEqual(seen.at(-1), {
      file: `oci://${registry.host}/o/r:v1`,
      receivedBytes: total,
      totalBytes: total,
      fraction: 1,
    })
    const paths = registry.requests.map(({ path }) => path)
    assert.deepEqual(paths.slice(0, 4), [
      '/v2/o/r/manifests/v1',
      '/token?service=test+registry&scope=repository%3Ao%2Fr%3Apull',
      '/v2/o/r/manifests/v1',
      `/v2/o/r/manifests/${right}`,
    ])
    assert.equal(paths.length, 6, 'one token is for all of it')
    assert.match(registry.requests[0]?.headers.accept ?? '', /oci\.image\.index.*docker\.distribution\.manifest/)
  })

  it('may be named by its digest, without a tag, and twice have the same layer', async () => {
    await using registry = await startImageRegistry()
    const layer = registry.blob(layerOf('a'), LAYER)
    const digest = registry.image('o/r:latest', [layer, layer])
    await using at = await bench()
    assert.deepEqual(await at.unpack(`oci://${registry.host}/o/r`), ['a'])
    assert.deepEqual(await at.unpack(`docker://${registry.host}/o/r@${digest}`), ['a'])
  })

  it('of another platform is not taken for this one', async () => {
    await using registry = await startImageRegistry()
    const digest = registry.image('o/r', [registry.blob(layerOf('a'), LAYER)])
    registry.index('o/r:v1', [{ digest, platform: { os: 'linux', architecture: 'arm64' } }])
    await using at = await bench()
    await assert.rejects(at.unpack(`oci://${registry.host}/o/r:v1`), {
      code: 'backend.unsupported',
      message: /is not made for linux\/amd64: it has linux\/arm64$/,
    })
  })

  it('that is not there, or not for everybody, is an error that says what to do', async () => {
    await using registry = await startImageRegistry()
    await using closed = await startImageRegistry({ realm: 'SELF/token', credentials: 'me:secret' })
    await using at = await bench()
    await assert.rejects(at.unpack(`oci://${registry.host}/o/none:v1`), {
      code: 'download.failed',
      message: `there is no image ${registry.host}/o/none:v1 (status 404)`,
    })
    await assert.rejects(at.unpack(`oci://${closed.host}/o/r:v1`), {
      code: 'download.failed',
      message: /refuses access.*\(status 401\).*run "docker login 127\.0\.0\.1:\d+"$/,
    })
    assert.deepEqual(await at.leftovers(), [])
  })

  it('is not fetched from this machine unless that is allowed', async () => {
    await using registry = await startImageRegistry()
    registry.image('o/r:v1', [registry.blob(layerOf('a'), LAYER)])
    await using at = await bench({ http: { allowPrivateAddresses: false } })
    await assert.rejects(at.unpack(`oci://${registry.host}/o/r:v1`), { code: 'download.refused' })
    assert.equal(registry.requests.length, 0)
  })
})

describe('credentials', () => {
  const secret = Buffer.from('me:secret').toString('base64')

  it('buy a token from the realm of their registry', async () => {
    await using registry = await startImageRegistry({ realm: 'SELF/token', credentials: 'me:secret' })
    registry.image('o/r:v1', [registry.blob(layerOf('a'), LAYER)])
    const asked: string[] = []
    await using at = await bench({
      credentialsFor: async (host) => {
        asked.push(host)
        return secret
      },
    })
    assert.deepEqual(await at.unpack(`oci://${registry.host}/o/r:v1`), ['a'])
    assert.deepEqual(asked, [registry.host])
    const carriers = registry.requests.filter(({ headers }) => headers.authorization?.startsWith('Basic') === true)
    assert.deepEqual(
      carriers.map(({ path }) => path.split('?')[0]),
      ['/token'],
    )
  })

  it('do not follow a redirect, nor does the token', async () => {
    await using elsewhere = await startFileServer((request, response) => {
      const body = registry.blobs.get(request.url?.slice(1) ?? '')
      if (body === undefined) response.writeHead(404).end()
      else sendFile(request, response, { body })
    })
    await using registry = await startImageRegistry({ realm: 'SELF/token', blobsAt: () => elsewhere.origin })
    registry.image('o/r:v1', [registry.blob(layerOf('a'), LAYER)])
    await using at = await bench({ credentialsFor: async () => secret })
    assert.deepEqual(await at.unpack(`oci://${registry.host}/o/r:v1`), ['a'])
    assert.equal(elsewhere.requests.length, 1)
    assert.equal(elsewhere.requests[0]?.headers.authorization, undefined)
  })

  it('are for nobody that a registry redirects to', async () => {
    let tempted = 0
    await using elsewhere = await startFileServer((request, response) => {
      if (request.url?.startsWith('/token') === true) tempted += 1
      const challenge = `Bearer realm="${elsewhere.origin}/token",service="x"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
    })
    await using registry = await startImageRegistry({ blobsAt: () => elsewhere.origin })
    registry.image('o/r:v1', [registry.blob(layerOf('a'), LAYER)])
    await using at = await bench({ credentialsFor: async () => secret })
    await assert.rejects(at.unpack(`oci://${registry.host}/o/r:v1`), {
      code: 'download.failed',
      message: /refuses access/,
    })
    assert.equal(tempted, 0)
  })

  it('are sent as they are to a registry that wants just that', async () => {
    await using registry = await startImageRegistry({
      before(request, response) {
        if (request.headers.authorization === `Basic ${secret}`) return false
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
        return true
      },
    })
    registry.image('o/r:v1', [registry.blob(layerOf('a'), LAYER)])
    await using at = await bench({ credentialsFor: async () => secret })
    assert.deepEqual(await at.unpack(`oci://${registry.host}/o/r:v1`), ['a'])
    await using nobody = await bench()
    await assert.rejects(nobody.unpack(`oci://${registry.host}/o/r:v1`), { message: /docker login/ })
  })

  for (const [what, answer] of [
    ['no JSON', 'no JSON'],
    ['no token', '{}'],
    ['a token with a line break', '{"token":"a\\r\\nx-evil: 1"}'],
    ['an endless token', `{"token":"${'x'.repeat(100_000)}"}`],
  ] as const) {
    it(`are not believed to be ${what}`, async () => {
      await using registry = await startImageRegistry({
        realm: 'SELF/token',
        before(request, response) {
          if (request.url?.startsWith('/token') !== true) return false
          response.end(answer)
          return true
        },
      })
      await using at = await bench()
      await assert.rejects(at.unpack(`oci://${registry.host}/o/r:v1`), { code: /^download\.(?:failed|refused)$/ })
    })
  }

  it('are not bought at a place that is none', async () => {
    for (const realm of ['nowhere', 'file:///etc/passwd', 'http://10.255.255.1/token']) {
      await using registry = await startImageRegistry({ realm })
      await using at = await bench({ credentialsFor: async () => secret })
      await assert.rejects(at.unpack(`oci://${registry.host}/o/r:v1`), { code: 'download.refused' }, realm)
    }
  })
})

describe('what a registry sends', () => {
  it('is not believed when it has another digest', async () => {
    await using registry = await startImageRegistry()
    const layer = registry.blob(layerOf('a'), LAYER)
    const digest = registry.image('o/r:v1', [layer])
    registry.blobs.set(layer.digest, Buffer.from(layerOf('b')))
    await using at = await bench()
    await assert.rejects(at.unpack(`oci://${registry.host}/o/r:v1`), { code: 'download.checksum-mismatch' })
    assert.deepEqual(await at.leftovers(), [])
    registry.manifests.set(`o/r@${digest}`, Buffer.from('{"layers":[]}'))
    await assert.rejects(at.unpack(`oci://${registry.host}/o/r@${digest}`), { code: 'download.checksum-mismatch' })
  })

  it('is cut off where it is larger than promised', async () => {
    await using registry = await startImageRegistry()
    const layer = registry.blob(layerOf('a', randomBytes(100_000)), LAYER)
    registry.image('o/r:v1', [{ ...layer, size: 1000 }])
    await using at = await bench()
    await assert.rejects(at.unpack(`oci://${registry.host}/o/r:v1`), {
      code: 'download.refused',
      message: /1000 bytes/,
    })
  })

  it('is refused before it is fetched when it is too much', async () => {
    await using registry = await startImageRegistry()
    registry.image('o/r:v1', [{ ...registry.blob(layerOf('a'), LAYER), size: LIMITS.maxBytes + 1 }])
    await using at = await bench()
    await assert.rejects(at.unpack(`oci://${registry.host}/o/r:v1`), { code: 'download.refused' })
    assert.equal(registry.requests.length, 1)
  })

  it('is no manifest when it is too long, though nobody says how long it is', async () => {
    await using registry = await startImageRegistry({
      before(_request, response) {
        const more = (): void => {
          while (!response.destroyed && response.write(' '.repeat(65_536)));
        }
        response.on('drain', more)
        more()
        return true
      },
    })
    await using at = await bench()
    await assert.rejects(at.unpack(`oci://${registry.host}/o/r:v1`), {
      code: 'download.refused',
      message: /is larger than 4194304/,
    })
  })

  it('is no image when an index leads to itself, or has nothing in it', async () => {
    await using registry = await startImageRegistry()
    await using at = await bench()
    registry.image('o/empty:v1', [registry.blob('{}', 'application/vnd.oci.empty.v1+json')])
    await assert.rejects(at.unpack(`oci://${registry.host}/o/empty:v1`), { message: /has no files in it/ })
    let digest = registry.image('o/deep', [registry.blob(layerOf('a'), LAYER)])
    for (let depth = 0; depth < 4; depth += 1) digest = registry.index('o/deep:v1', [{ digest }])
    await assert.rejects(at.unpack(`oci://${registry.host}/o/deep:v1`), { message: /too deep an index/ })
  })

  it('that would leave its folder leaves nothing', async () => {
    await using registry = await startImageRegistry()
    registry.image('o/r:v1', [registry.blob(makeTarGz([{ path: 'a', type: 'SymbolicLink', linkpath: '..' }]), LAYER)])
    await using at = await bench()
    await assert.rejects(at.unpack(`oci://${registry.host}/o/r:v1`), {
      code: 'download.refused',
      message: /leads out of it/,
    })
  })
})

describe('a transfer that is cut', () => {
  it('goes on where it stopped, and fetches no layer twice', async () => {
    const body = layerOf('a', randomBytes(3_000_000))
    let cuts = 3
    await using registry = await startImageRegistry({
      before(request, response) {
        if (cuts <= 0 || request.url?.endsWith(digestOf(body)) !== true) return false
        cuts -= 1
        sendFile(request, response, { body, breakAfter: 700_000 })
        return true
      },
    })
    const small = registry.blob(layerOf('b'), LAYER)
    registry.image('o/r:v1', [registry.blob(body, LAYER), small])
    await using at = await bench({ http: { maxAttempts: 1 } })
    await assert.rejects(at.unpack(`oci://${registry.host}/o/r:v1`), { code: 'download.failed' })
    assert.ok((await at.leftovers()).some((name) => name.endsWith('.partial')))
    cuts = 0
    assert.deepEqual(await at.unpack(`oci://${registry.host}/o/r:v1`), ['a', 'b'])
    const large = registry.requests.filter(({ path }) => path.endsWith(digestOf(body)))
    assert.match(large.at(-1)?.headers.range ?? '', /^bytes=[1-9]\d*-$/)
    assert.equal(registry.requests.filter(({ path }) => path.endsWith(small.digest)).length, 1)
    assert.deepEqual(await at.leftovers(), [])
  })

  it('is not begun anew without an end when what comes is wrong', async () => {
    const wrong = layerOf('a', randomBytes(2_000_000))
    const layer = layerOf('a', randomBytes(wrong.length))
    let asked = 0
    await using registry = await startImageRegistry({
      before(request, response) {
        if (request.url?.endsWith(digestOf(layer)) !== true) return false
        asked += 1
        const begins = request.headers.range === undefined
        if (asked > 20) response.writeHead(404).end()
        else sendFile(request, response, { body: wrong, etag: '"v1"', ...(begins ? { breakAfter: 700_000 } : {}) })
        return true
      },
    })
    registry.image('o/r:v1', [{ ...registry.blob(layer, LAYER), size: wrong.length }])
    await using at = await bench()
    await assert.rejects(at.unpack(`oci://${registry.host}/o/r:v1`), { code: 'download.checksum-mismatch' })
    assert.equal(asked, 4)
    assert.deepEqual(await at.leftovers(), [])
  })

  it('keeps what it has when it is cancelled', async () => {
    await using registry = await startImageRegistry()
    const body = layerOf('a', randomBytes(3_000_000))
    registry.image('o/r:v1', [registry.blob(body, LAYER)])
    await using at = await bench()
    const stop = new AbortController()
    const reason = new Error('enough')
    const onProgress = ({ receivedBytes }: DownloadProgress): void => {
      if (receivedBytes > 1_000_000) stop.abort(reason)
    }
    await assert.rejects(at.unpack(`oci://${registry.host}/o/r:v1`, { signal: stop.signal, onProgress }), reason)
    const left = await at.leftovers()
    assert.deepEqual(
      left.map((name) => name.replace(/[0-9a-f]{64}/, 'HEX')),
      ['.layer-sha256-HEX.partial', '.layer-sha256-HEX.partial.json'],
    )
    assert.deepEqual(await at.unpack(`oci://${registry.host}/o/r:v1`), ['a'])
  })
})

describe('layers that nobody has come back for', () => {
  it('go with the next image, after a week', async () => {
    await using registry = await startImageRegistry()
    registry.image('o/r:v1', [registry.blob(layerOf('a'), LAYER)])
    await using at = await bench()
    const [old, young] = ['old', 'young'].map((name) => join(at.parent, `.layer-sha256-${name}.partial`))
    const now = Date.now() / 1000
    for (const [path = '', days] of [
      [old, 8],
      [young, 6],
    ] as const) {
      await writeFile(path, 'x')
      await utimes(path, now, now - days * 24 * 60 * 60)
    }
    await at.unpack(`oci://${registry.host}/o/r:v1`)
    assert.deepEqual(await at.leftovers(), ['.layer-sha256-young.partial'])
  })
})

describe('an image in an archive', () => {
  it('is one that this program has written', async () => {
    await using at = await bench()
    const input = join(at.parent, 'out-input')
    await mkdir(input)
    await writeFile(join(input, 'run.sh'), '#!/bin/sh\n')
    const output = join(at.parent, 'out-image.tar')
    await writeOciImage({ inputs: [`${input}/.`], output, imageName: 'x', platform: 'linux/amd64' })
    assert.deepEqual(await at.unpack(`ocifile://${output}`), ['run.sh'])
    assert.deepEqual(await at.leftovers(), [])
    await writeOciImage({ inputs: [`${input}/.`], output, imageName: 'x', platform: 'linux/arm64' })
    await assert.rejects(at.unpack(`ocifile://${output}`), { code: 'backend.unsupported' })
  })

  it('may be one of the older form', async () => {
    await using at = await bench()
    const path = join(at.parent, 'out-image.tar')
    const manifest = [{ Config: 'c.json', RepoTags: ['x:y'], Layers: ['one/layer.tar', 'two/layer.tar'] }]
    await writeFile(
      path,
      makeTar([
        { path: 'manifest.json', body: Buffer.from(JSON.stringify(manifest)) },
        { path: 'one/layer.tar', body: makeTar([{ path: 'a' }, { path: 'b' }]) },
        { path: 'two/layer.tar', body: makeTar([{ path: '.wh.a' }]) },
      ]),
    )
    assert.deepEqual(await at.unpack(`ocifile://${path}`), ['b'])
  })

  it('is refused when it is none, lies about its blobs, or has them elsewhere', async () => {
    await using at = await bench()
    const path = join(at.parent, 'out-image.tar')
    const layer = makeTar([{ path: 'a' }])
    const descriptor = { mediaType: LAYER, digest: digestOf(layer), size: layer.length }
    const index = (value: unknown): { path: string; body: Buffer } => ({
      path: 'index.json',
      body: Buffer.from(JSON.stringify(value)),
    })
    const blob = `blobs/sha256/${digestOf(layer).slice(7)}`
    await writeFile(join(at.parent, 'out-secret'), 'secret')
    for (const [members, expected] of [
      [[{ path: 'a' }], { code: 'download.failed', message: /is it an image/ }],
      [[index({ layers: [descriptor] })], { code: 'download.failed', message: /has no blobs/ }],
      [
        [index({ layers: [descriptor] }), { path: blob, body: Buffer.from('x') }],
        { code: 'download.checksum-mismatch' },
      ],
      [
        [index({ layers: [descriptor] }), { path: blob, type: 'SymbolicLink', linkpath: '../../../../out-secret' }],
        { code: 'download.refused' },
      ],
      [[{ path: 'manifest.json', body: Buffer.from('[{}]') }], { code: 'download.refused' }],
    ] as const) {
      await writeFile(path, makeTar(members))
      await assert.rejects(at.unpack(`ocifile://${path}`), expected)
    }
    await assert.rejects(at.unpack('ocifile:///no/such/file.tar'), { message: 'there is no file /no/such/file.tar' })
    assert.deepEqual(await at.leftovers(), [])
  })
})
