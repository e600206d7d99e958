import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { access, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import type { LookupFunction } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createFileFetcher, type FetchOptions, type FileRequest } from '../../src/gallery/download/fetch-file.ts'
import { createHttpClient, HTTP_DEFAULTS, type HttpClientInit } from '../../src/gallery/download/http-client.ts'
import type { DownloadProgress } from '../../src/gallery/download/progress.ts'
import { type FileServer, type Handler, sendFile, startFileServer } from '../support/file-server.ts'

const BODY = randomBytes(3_000_000)
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const SUM = sha256(BODY)
const ETAG = '"v1"'
const good: Handler = (request, response) => sendFile(request, response, { body: BODY, etag: ETAG })

interface Bench extends AsyncDisposable {
  readonly server: FileServer
  readonly folder: string
  readonly target: string
  files(): Promise<string[]>
  fetch(request?: Partial<FileRequest>, options?: FetchOptions): Promise<{ alreadyThere: boolean; sha256?: string }>
}

async function bench(
  handler: Handler,
  init: Partial<HttpClientInit> = {},
  deps: { readonly lookup?: LookupFunction } = {},
): Promise<Bench> {
  const server = await startFileServer(handler)
  const folder = await mkdtemp(join(tmpdir(), 'local-ai-download-'))
  const http = createHttpClient(deps, {
    ...HTTP_DEFAULTS,
    allowPrivateAddresses: true,
    retryDelayMs: 1,
    maxRetryDelayMs: 5,
    hub: { endpoint: server.origin, token: 'hub-secret' },
    ...init,
    trustedOrigins: init.trustedOrigins?.map((origin) => origin.replace('SERVER', server.origin)) ?? [],
  })
  const packages = { fetch: () => assert.fail('no package is asked for') }
  const fetcher = createFileFetcher(
    { http, packages, images: { takeFile: () => assert.fail('no image is asked for') } },
    { hubEndpoint: server.origin, maxBytes: init.maxBytes ?? HTTP_DEFAULTS.maxBytes },
  )
  const target = join(folder, 'model.bin')
  return {
    server,
    folder,
    target,
    files: async () => (await readdir(folder)).toSorted(),
    fetch: (request = {}, options = {}) =>
      fetcher.fetch({ uri: { kind: 'http', url: `${server.origin}/f` }, target, ...request }, options),
    async [Symbol.asyncDispose]() {
      await http.close()
      await server[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

describe('fetching a file', () => {
  it('brings it whole, with progress, and leaves nothing else', async () => {
    await using part = await bench(good)
    const reports: DownloadProgress[] = []
    const done = await part.fetch({ sha256: SUM }, { onProgress: (report) => reports.push(report) })
    assert.equal(done.sha256, SUM)
    assert.deepEqual(await readFile(part.target), BODY)
    assert.deepEqual(await part.files(), ['model.bin'])
    assert.deepEqual(reports.at(-1), { file: 'model.bin', receivedBytes: 3e6, totalBytes: 3e6, fraction: 1 })
  })

  it('goes on where the server broke off', async () => {
    let left = 2
    await using part = await bench((request, response) => {
      left -= 1
      sendFile(request, response, { body: BODY, etag: ETAG, ...(left >= 0 ? { breakAfter: 1_200_000 } : {}) })
    })
    await part.fetch({ sha256: SUM })
    assert.deepEqual(await readFile(part.target), BODY)
    const [first, second, third] = part.server.requests.map(({ headers }) => headers)
    assert.equal(first?.range, undefined)
    const from = (range: string | undefined): number => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1])
    assert.ok(from(second?.range) > 0 && from(second?.range) <= 1_200_000)
    assert.equal(second?.['if-range'], ETAG)
    assert.ok(from(third?.range) > from(second?.range))
  })

  it('keeps what a cancelled transfer brought, for the next one', async () => {
    await using part = await bench((_request, response) => {
      response.writeHead(200, { 'content-length': BODY.length, etag: ETAG })
      response.write(BODY.subarray(0, 2_000_000))
    })
    const stop = new AbortController()
    const onProgress = ({ receivedBytes }: DownloadProgress): void => {
      if (receivedBytes > 1_000_000) stop.abort(new Error('enough'))
    }
    await assert.rejects(part.fetch({}, { signal: stop.signal, onProgress }), { message: 'enough' })
    assert.deepEqual(await part.files(), ['model.bin.partial', 'model.bin.partial.json'])
    part.server.answer(good)
    await part.fetch()
    assert.match(part.server.requests.at(-1)?.headers.range ?? '', /^bytes=1\d{6}-$/)
    assert.deepEqual(await readFile(part.target), BODY)
  })

  it('starts over when the file has changed in between', async () => {
    const changed = randomBytes(3_000_000)
    await using part = await bench(
      (request, response) => sendFile(request, response, { body: BODY, etag: ETAG, breakAfter: 1e6 }),
      {
        maxAttempts: 1,
      },
    )
    await assert.rejects(part.fetch(), { code: 'download.failed' })
    part.server.answer((request, response) => sendFile(request, response, { body: changed, etag: '"v2"' }))
    await part.fetch()
    assert.deepEqual(await readFile(part.target), changed)
  })

  it('starts over when the file has changed in between and the server sends its end all the same', async () => {
    const changed = randomBytes(3_000_000)
    await using part = await bench(
      (request, response) => sendFile(request, response, { body: BODY, etag: ETAG, breakAfter: 1e6 }),
      { maxAttempts: 2 },
    )
    await assert.rejects(part.fetch({ attempts: 1 }), { code: 'download.failed' })
    part.server.answer((request, response) =>
      sendFile(request, response, { body: changed, etag: '"v2"', ignoreIfRange: true }),
    )
    await part.fetch()
    assert.ok((await readFile(part.target)).equals(changed))
  })

  it('starts over when the server knows no ranges', async () => {
    let first = true
    await using part = await bench((request, response) => {
      sendFile(request, response, { body: BODY, etag: ETAG, ignoreRange: true, ...(first ? { breakAfter: 1e6 } : {}) })
      first = false
    })
    await part.fetch({ sha256: SUM })
    assert.deepEqual(await readFile(part.target), BODY)
  })

  it('does not go on without any proof that both halves belong together', async () => {
    let first = true
    await using part = await bench((request, response) => {
      sendFile(request, response, { body: BODY, ...(first ? { breakAfter: 1e6 } : {}) })
      first = false
    })
    await part.fetch()
    assert.deepEqual(
      part.server.requests.map(({ headers }) => headers.range),
      [undefined, undefined],
    )
    assert.deepEqual(await readFile(part.target), BODY)
  })

  it('gives up on a server that breaks off again and again and cannot go on', async () => {
    await using part = await bench((request, response) => {
      sendFile(request, response, { body: BODY, ignoreRange: true, breakAfter: 2e6 })
    })
    await assert.rejects(part.fetch({}, { signal: AbortSignal.timeout(5000) }), { code: 'download.failed' })
    assert.equal(part.server.requests.length, HTTP_DEFAULTS.maxAttempts)
  })

  it('never writes into the file of somebody else that an install was stopped at', async () => {
    await using part = await bench(good)
    const own = join(part.folder, 'own.bin')
    for (const begun of [Buffer.from('of this machine'), BODY.subarray(0, 1_000_000)]) {
      await writeFile(own, begun)
      // As `file://` leaves it when the process is killed, or the install fails, before the last step.
      await link(own, `${part.target}.partial`)
      await writeFile(`${part.target}.partial.json`, JSON.stringify({ from: own, sha256: SUM }))
      await part.fetch({ sha256: SUM })
      assert.ok(begun.equals(await readFile(own)), 'it was changed')
      assert.ok(BODY.equals(await readFile(part.target)))
      await rm(part.target)
    }
  })

  it('goes on at another source of the same checksum', async () => {
    await using part = await bench(
      (request, response) => sendFile(request, response, { body: BODY, etag: ETAG, breakAfter: 2e6 }),
      {
        maxAttempts: 1,
      },
    )
    await assert.rejects(part.fetch({ sha256: SUM }))
    part.server.answer((request, response) => sendFile(request, response, { body: BODY, etag: '"mirror"' }))
    await part.fetch({ sha256: SUM, uri: { kind: 'http', url: `${part.server.origin}/mirror` } })
    const last = part.server.requests.at(-1)
    assert.match(last?.headers.range ?? '', /^bytes=\d+-$/)
    assert.equal(last?.headers['if-range'], undefined)
    assert.deepEqual(await readFile(part.target), BODY)
  })

  it('finishes a partial file that is complete already', async () => {
    await using part = await bench(good)
    await writeFile(`${part.target}.partial`, BODY)
    await writeFile(`${part.target}.partial.json`, JSON.stringify({ from: 'elsewhere', sha256: SUM, totalBytes: 3e6 }))
    await part.fetch({ sha256: SUM })
    assert.equal(part.server.requests.length, 0)
    assert.deepEqual(await part.files(), ['model.bin'])
  })
})

describe('what is wrong never gets the name', () => {
  it('refuses a wrong checksum, names both and keeps nothing', async () => {
    await using part = await bench(good)
    const wanted = 'f'.repeat(64)
    await assert.rejects(part.fetch({ sha256: wanted }), (error: Error & { code?: string }) => {
      return (
        error.code === 'download.checksum-mismatch' && error.message.includes(wanted) && error.message.includes(SUM)
      )
    })
    assert.deepEqual(await part.files(), [])
  })

  it('fetches once more from the start when the earlier half was spoilt', async () => {
    await using part = await bench(good)
    await writeFile(`${part.target}.partial`, randomBytes(1000))
    await writeFile(`${part.target}.partial.json`, JSON.stringify({ from: 'elsewhere', sha256: SUM }))
    await part.fetch({ sha256: SUM })
    assert.deepEqual(
      part.server.requests.map(({ headers }) => headers.range),
      ['bytes=1000-', undefined],
    )
    assert.deepEqual(await readFile(part.target), BODY)
  })

  it('fetches once more at most, also from a server that breaks off each time', async () => {
    await using part = await bench((request, response) => {
      const begins = request.headers.range === undefined
      sendFile(request, response, { body: BODY, etag: ETAG, ...(begins ? { breakAfter: 1e6 } : {}) })
      if (part.server.requests.length > 20) part.server.answer((_, last) => last.writeHead(404).end())
    })
    await assert.rejects(part.fetch({ sha256: sha256(Buffer.from('other')) }), { code: 'download.checksum-mismatch' })
    assert.ok(part.server.requests.length <= 4, `${part.server.requests.length} requests`)
  })

  it('discards what the caller finds wrong', async () => {
    await using part = await bench(good)
    const verify = async (path: string): Promise<void> => {
      assert.deepEqual(await readFile(path), BODY)
      await assert.rejects(access(part.target))
      throw new Error('not a model')
    }
    await assert.rejects(part.fetch({ verify }), { code: 'model.file-invalid', message: 'not a model' })
    assert.deepEqual(await part.files(), [])
  })

  it('refuses an encoded body', async () => {
    await using part = await bench((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x')
    })
    await assert.rejects(part.fetch(), { code: 'download.failed', message: /encoded \(gzip\)/ })
    assert.deepEqual(await part.files(), [])
  })

  it('refuses what is announced as too large, without reading it', async () => {
    await using part = await bench(good, { maxBytes: 1_000_000 })
    await assert.rejects(part.fetch(), { code: 'download.refused', message: /larger than the limit of 1000000 bytes/ })
    assert.deepEqual(await part.files(), [])
  })

  it('refuses what turns out too large', async () => {
    await using part = await bench(
      (_request, response) => {
        response.writeHead(200)
        response.write(BODY)
        response.end(BODY)
      },
      { maxBytes: 4_000_000 },
    )
    await assert.rejects(part.fetch(), { code: 'download.refused' })
    assert.deepEqual(await part.files(), [])
  })

  it('says it clearly when the disk is full', { skip: process.platform !== 'linux' && 'needs /dev/full' }, async () => {
    await using part = await bench(good)
    await symlink('/dev/full', `${part.target}.partial`)
    await assert.rejects(part.fetch(), {
      code: 'download.failed',
      message: /no space left on the disk of .*, need 3\.0 MB/,
    })
    await assert.rejects(access(part.target))
  })
})

describe('a file that is there already', () => {
  it('stays when its checksum is right, or when none is known', async () => {
    await using part = await bench(good)
    await writeFile(part.target, BODY)
    assert.equal((await part.fetch({ sha256: SUM })).alreadyThere, true)
    assert.equal((await part.fetch()).alreadyThere, true)
    assert.equal(part.server.requests.length, 0)
  })
  it('is replaced when its checksum is wrong, and not before the new one is proved', async () => {
    await using part = await bench(good)
    await writeFile(part.target, 'old')
    await assert.rejects(part.fetch({ sha256: 'f'.repeat(64) }), { code: 'download.checksum-mismatch' })
    assert.equal(await readFile(part.target, 'utf8'), 'old')
    await part.fetch({ sha256: SUM })
    assert.deepEqual(await readFile(part.target), BODY)
  })
})

describe('one at a time', () => {
  it('fetches once for all who ask at the same time', async () => {
    await using part = await bench(good)
    const all = await Promise.all([part.fetch(), part.fetch(), part.fetch()])
    assert.deepEqual(
      all.map(({ alreadyThere }) => alreadyThere),
      [false, true, true],
    )
    assert.equal(part.server.requests.length, 1)
  })

  it('takes over the lock of a process that is gone', async () => {
    await using part = await bench(good)
    const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
    await once(child, 'exit')
    await writeFile(`${part.target}.lock`, JSON.stringify({ pid: child.pid, host: hostname(), started: '' }))
    await part.fetch()
    assert.deepEqual(await part.files(), ['model.bin'])
  })

  it('waits for another process, and can be cancelled meanwhile', async () => {
    await using part = await bench(good)
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
    await writeFile(`${part.target}.lock`, JSON.stringify({ pid: child.pid, host: hostname(), started: '' }))
    const waiting = part.fetch()
    await assert.rejects(part.fetch({}, { signal: AbortSignal.abort(new Error('no')) }), { message: 'no' })
    assert.equal(part.server.requests.length, 0)
    child.stdin.end()
    await once(child, 'exit')
    await waiting
    assert.deepEqual(await part.files(), ['model.bin'])
  })

  it('does not wait for another machine, and says what to do', async () => {
    await using part = await bench(good)
    await writeFile(`${part.target}.lock`, JSON.stringify({ pid: 1, host: 'elsewhere', started: '' }))
    await assert.rejects(part.fetch(), { code: 'download.failed', message: /elsewhere is at work .* delete .*\.lock/ })
  })
})

describe('servers that misbehave', () => {
  it('does not wait for a lock that nobody can read', async () => {
    await using part = await bench(good)
    const lock = `${part.target}.lock`
    const refused = { code: 'download.failed', message: /the lock .* cannot be read.* delete it/ }
    const fetch = () => part.fetch({}, { signal: AbortSignal.timeout(5000) })
    await symlink('/nowhere/at/all', lock)
    await assert.rejects(fetch(), refused)
    await rm(lock)
    await mkdir(lock)
    await assert.rejects(fetch(), refused)
  })

  it('tries again after failures that pass', async () => {
    const statuses = [503, 429, 500]
    await using part = await bench((request, response) => {
      const status = statuses.shift()
      if (status === undefined) good(request, response)
      else response.writeHead(status, { 'retry-after': '3600' }).end()
    })
    await part.fetch()
    assert.equal(part.server.requests.length, 4)
  })

  it('gives up after as many attempts as it was told', async () => {
    await using part = await bench((_request, response) => response.writeHead(503).end(), { maxAttempts: 3 })
    await assert.rejects(part.fetch(), { code: 'download.failed', message: /invalid status code 503/ })
    assert.equal(part.server.requests.length, 3)
    await assert.rejects(part.fetch({ attempts: 1 }))
    assert.equal(part.server.requests.length, 4)
  })

  it('does not try again what will not pass', async () => {
    let status = 404
    await using part = await bench((_request, response) => response.writeHead(status).end())
    await assert.rejects(part.fetch(), { message: /there is no such file/ })
    status = 401
    await assert.rejects(part.fetch(), { message: /HF_TOKEN/ })
    assert.equal(part.server.requests.length, 2)
  })

  it('gives up on one that falls silent in the middle', async () => {
    await using part = await bench(
      (_request, response) => {
        response.writeHead(200, { 'content-length': BODY.length })
        response.write(BODY.subarray(0, 1000))
      },
      { idleTimeoutMs: 100, maxAttempts: 2 },
    )
    await assert.rejects(part.fetch(), { code: 'download.failed', message: /stopped sending/ })
    assert.equal(part.server.requests.length, 2)
  })

  it('gives up on one that never answers', async () => {
    await using part = await bench(() => {}, { headersTimeoutMs: 100, maxAttempts: 1 })
    await assert.rejects(part.fetch(), { code: 'download.failed', message: /did not answer in time/ })
  })

  it('says so when nobody listens', async () => {
    await using part = await bench(good, { maxAttempts: 1 })
    await part.server[Symbol.asyncDispose]()
    await assert.rejects(part.fetch(), { code: 'download.failed', message: /ECONNREFUSED/ })
  })

  it('stops at once when told, in whatever it waits for', async () => {
    const asked = Promise.withResolvers<void>()
    await using part = await bench(() => asked.resolve())
    const stop = new AbortController()
    const fetching = part.fetch({}, { signal: stop.signal })
    await asked.promise
    stop.abort(new Error('stopped'))
    await assert.rejects(fetching, { message: 'stopped' })
  })
})

describe('redirects', () => {
  const strict = { allowPrivateAddresses: false, trustedOrigins: ['SERVER'] }
  const to = (location: string): Handler => {
    return (_request, response) => response.writeHead(302, { location }).end()
  }

  it('are followed, and the token goes to the hub alone', async () => {
    await using elsewhere = await startFileServer(good)
    await using part = await bench(to(`${elsewhere.origin}/real`))
    await part.fetch()
    assert.equal(part.server.requests[0]?.headers.authorization, 'Bearer hub-secret')
    assert.equal(elsewhere.requests[0]?.headers.authorization, undefined)
    assert.deepEqual(await readFile(part.target), BODY)
  })

  it('end after five', async () => {
    await using part = await bench(to('/again'))
    await assert.rejects(part.fetch(), { code: 'download.refused', message: /redirects more than 5 times/ })
    assert.equal(part.server.requests.length, 6)
  })

  it('never lead to private addresses', async () => {
    await using inner = await startFileServer(good)
    await using part = await bench(to(inner.origin), strict)
    for (const location of [inner.origin, inner.origin.replace('127.0.0.1', 'localhost'), 'https://169.254.169.254/']) {
      part.server.answer(to(location))
      await assert.rejects(part.fetch(), { code: 'download.refused' }, location)
    }
    assert.equal(inner.requests.length, 0)
  })

  it('never lead to a name with a private address, whatever it said before', async () => {
    await using inner = await startFileServer(good)
    const asked: string[] = []
    const rebinding = ((host: string, _options: unknown, callback: (error: null, found: unknown) => void) => {
      asked.push(host)
      callback(null, [{ address: '127.0.0.1', family: 4 }])
    }) as unknown as LookupFunction
    await using part = await bench(
      to(inner.origin.replace('127.0.0.1', 'rebind.example')),
      { ...strict, allowHttp: true },
      { lookup: rebinding },
    )
    await assert.rejects(part.fetch(), { code: 'download.refused', message: /rebind\.example leads to 127\.0\.0\.1/ })
    assert.deepEqual(asked, ['rebind.example'])
    assert.equal(inner.requests.length, 0)
  })
})
