import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo, LookupFunction } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../src/base/errors.ts'
import { readProxies } from '../../src/base/proxies.ts'
import { composeMcp } from '../../src/compose/compose-mcp.ts'
import { createHttpClient, HTTP_DEFAULTS } from '../../src/gallery/download/http-client.ts'
import type { Logger } from '../../src/telemetry/logger.ts'
import { createUpstreamHttp, HTTP_DEFAULTS as UPSTREAM_DEFAULTS } from '../../src/upstreams/http/upstream-http.ts'
import { startFileServer } from '../support/file-server.ts'
import { startForwardProxy } from '../support/forward-proxy.ts'
import { MAIN } from '../support/local-ai.ts'
import { startHttpToolServer } from '../support/mcp/http-server.ts'
import { tinyLlama } from '../support/tiny-models.ts'

const TLS = fileURLToPath(import.meta.resolve('../support/tls/'))
const PASSWORD = 'me:open-sesame'

/** The answer of a name server for every name. */
function names(...addresses: readonly string[]): LookupFunction {
  return (hostname, _options, callback) => {
    if (addresses.length > 0) callback(null, addresses.map((address) => ({ address, family: 4 })) as never)
    else callback(Object.assign(new Error(`ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' }), '')
  }
}

async function downloads(lookup: LookupFunction, password?: string) {
  await using held = new AsyncDisposableStack()
  const server = held.use(await startFileServer((_request, response) => void response.end('a list of models')))
  const proxy = held.use(
    await startForwardProxy({ target: server.origin, ...(password === undefined ? {} : { password }) }),
  )
  const http = createHttpClient(
    { lookup },
    {
      ...{
        ...HTTP_DEFAULTS,
        allowHttp: true,
        retryDelayMs: 1,
        maxAttempts: 1,
        hub: { endpoint: 'https://hub.example' },
      },
      proxies: readProxies({ HTTP_PROXY: `http://${proxy.address}`, HTTPS_PROXY: `http://${proxy.address}` }),
    },
  )
  held.defer(() => http.close())
  const kept = held.move()
  const text = (url: string): Promise<string> => http.text(url, { maxBytes: 1000 })
  return { server, proxy, text, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

describe('behind a proxy', () => {
  it('brings files of names that nobody knows here', async () => {
    await using part = await downloads(names())
    assert.equal(await part.text('http://models.example/list'), 'a list of models')
    assert.deepEqual(part.proxy.asked, [{ line: 'GET http://models.example/list', authorization: undefined }])
  })

  it('does not ask for a name that is known to be of the own network', async () => {
    await using part = await downloads(names('93.184.215.14', '10.0.0.1'))
    await assert.rejects(part.text('http://inside.example/'), { code: 'download.refused' })
    assert.deepEqual(part.proxy.asked, [])
  })

  it('says when the proxy lets nothing through', async () => {
    await using part = await downloads(names(), PASSWORD)
    await assert.rejects(part.text('https://models.example/list'), (error: unknown) => {
      assert.ok(error instanceof AppError && error.code === 'download.failed')
      assert.match(error.message, /the proxy does not let it through \(status 407\)/)
      return true
    })
    assert.equal(part.proxy.asked[0]?.line, 'CONNECT models.example:443')
  })

  it('asks the servers of --upstream', async () => {
    await using server = await startFileServer((_request, response) => void response.end('{"data":[]}'))
    await using proxy = await startForwardProxy({ target: server.origin, password: PASSWORD })
    const http = createUpstreamHttp(
      { name: 'far', origin: 'http://far.example:8000', apiPath: '/v1', ownPath: '' },
      { ...UPSTREAM_DEFAULTS, proxies: readProxies({ HTTP_PROXY: `http://${PASSWORD}@${proxy.address}` }) },
    )
    try {
      const request = { method: 'GET', path: { api: '/models' } } as const
      assert.deepEqual(await http.json(request, { maxBytes: 1000, timeoutMs: 10_000 }), { data: [] })
    } finally {
      await http.close()
    }
    assert.equal(proxy.asked[0]?.line, 'GET http://far.example:8000/v1/models')
    assert.equal(server.requests[0]?.headers.host, 'far.example:8000')
    assert.equal(server.requests.length, 1)
  })

  it('calls the tools of servers elsewhere', async () => {
    await using tools = await startHttpToolServer()
    await using proxy = await startForwardProxy({ target: tools.url })
    const note = (): void => {}
    const log = { child: () => ({ warn: note, debug: note }) } as unknown as Logger
    const mcp = composeMcp({ log, environment: { HTTP_PROXY: proxy.address } }, { disableMcp: false })
    assert.ok(mcp)
    try {
      const url = tools.url.replace(/\/\/[^/]*/, '//tools.example')
      const open = await mcp.open('m', [{ kind: 'remote', name: 'far', url }], {})
      assert.ok(open.tools.length > 0)
    } finally {
      await mcp.stop()
    }
    assert.match(proxy.asked[0]?.line ?? '', /^POST http:\/\/tools\.example\//)
  })

  it('installs a model over https, with a password that no line shows', async () => {
    const model = await readFile(await tinyLlama())
    const [key, cert] = await Promise.all([readFile(join(TLS, 'key.pem')), readFile(join(TLS, 'cert.pem'))])
    const server = createServer({ key, cert }, (_request, response) => void response.end(model))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const folder = await mkdtemp(join(tmpdir(), 'local-ai-proxy-'))
    try {
      await using proxy = await startForwardProxy({
        target: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        password: PASSWORD,
      })
      const said = await new Promise<string>((resolve) => {
        const env = {
          ...process.env,
          HTTPS_PROXY: `http://${PASSWORD}@${proxy.address}`,
          NODE_EXTRA_CA_CERTS: join(TLS, 'cert.pem'),
        }
        const words = [MAIN, 'models', 'install', 'https://models.example/tiny.gguf', '--log-level', 'trace']
        execFile(process.execPath, words, { cwd: folder, env }, (_error, stdout, stderr) => resolve(stdout + stderr))
      })
      assert.deepEqual(await readFile(join(folder, 'models', 'tiny.gguf')), model, said)
      assert.doesNotMatch(said, /sesame/)
      assert.ok(proxy.asked.every(({ line }) => line === 'CONNECT models.example:443'))
    } finally {
      server.closeAllConnections()
      server.close()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
