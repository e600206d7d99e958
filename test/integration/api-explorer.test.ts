import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pino } from 'pino'
import { loadAssets } from '../../src/api/explorer/assets.ts'
import { createExplorerServer } from '../../src/api/explorer/explorer-server.ts'
import { RATE_LIMITS } from '../../src/api/explorer/rate-limits.ts'
import { createDirectory } from '../../src/explorer/directory.ts'
import { openExplorer } from '../../src/explorer/open-explorer.ts'
import { createTokenVault } from '../../src/explorer/token-vault.ts'
import { netOf } from '../../src/p2p/host/host-addresses.ts'
import type { PublicSummary } from '../../src/p2p/view/public-summary.ts'

const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
const SUMMARY: PublicSummary = {
  ...{ version: 1, madeAtUnixMs: 1, name: HOSTILE, nodesLeftOut: 0, modelsLeftOut: 0, places: [] },
  models: [{ name: HOSTILE, capabilities: [HOSTILE], nodes: 1, loaded: 1 }],
  nodes: [
    {
      ...{ id: '0'.repeat(16), group: HOSTILE, serves: true, lends: false, online: true, draining: false },
      ...{ version: HOSTILE, models: 1, running: 0, slots: 1, memoryTotalBytes: 2 ** 34 },
    },
  ],
}

describe('the HTTP face of an explorer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'local-ai-explorer-'))
  const vault = createTokenVault(Buffer.alloc(32, 1))
  const { store, histories, ...rest } = openExplorer(join(folder, 'pool.db'), vault)
  let nowMs = 1_700_000_000_000
  const now = () => nowMs
  const directory = createDirectory({
    ...{ store, histories, vault, now, onAdded() {} },
    readToken: (text) => ({
      kind: text.startsWith('full') ? 'full' : 'view',
      id: text.slice(-32).padStart(32, '0'),
      text,
    }),
    toAddress: (text) => text,
  })
  const servers: ReturnType<typeof createExplorerServer>[] = []
  let url = ''

  async function serve(limits = RATE_LIMITS, trustForwardedFor = false): Promise<string> {
    const server = createExplorerServer(
      { directory, discovery: () => undefined, now, netOf, assets: await loadAssets(), log: pino({ level: 'silent' }) },
      {
        ...{ address: '127.0.0.1:0', version: 'v0 (test)', startedAtUnixMs: nowMs, threshold: 3 },
        ...{ shutdownTimeoutMs: 1000, trustForwardedFor, limits },
      },
    )
    await server.start()
    servers.push(server)
    return `http://127.0.0.1:${server.address().port}`
  }
  /** Listed, and seen. */
  function add(token: string, name = HOSTILE): { readonly id: string; readonly key: string } {
    const added = directory.add({ token, name, description: HOSTILE, ...(token.startsWith('full') && { open: true }) })
    store.succeeded(added.id, { atUnixMs: nowMs, nextAtUnixMs: nowMs, summary: SUMMARY })
    histories.note(added.id, nowMs, { nodes: 1, workers: 1, models: 1 })
    nowMs += 2000
    return added
  }
  const get = async (path: string, headers: Record<string, string> = { accept: 'text/html' }) => {
    const answer = await fetch(`${url}${path}`, { headers })
    return { answer, text: await answer.text() }
  }

  before(async () => {
    url = await serve()
  })
  after(async () => {
    for (const server of servers) await server.stop()
    rest[Symbol.dispose]()
    rmSync(folder, { recursive: true })
  })

  it('is empty at first: an empty list, and a page that says so', async () => {
    assert.equal((await get('/networks')).text, '[]')
    assert.match((await get('/')).text, /No networks available with online workers/)
  })

  it('answers programs at / as LocalAI does', async () => {
    const { text } = await get('/', { accept: 'application/json' })
    assert.deepEqual(JSON.parse(text), { Title: 'Network Explorer', Version: 'v0 (test)', BaseURL: `${url}/` })
    assert.match((await get('/', { accept: '*/*', 'content-type': 'application/json' })).text, /^\{"Title"/)
  })

  it('shows names, descriptions, groups and models as text wherever they stand', async () => {
    const { id } = add(`view-${'a'.repeat(32)}`)
    for (const path of [
      '/',
      `/network/${id}`,
      `/?q=${encodeURIComponent(HOSTILE)}`,
      '/fragments/networks',
      `/fragments/network/${id}`,
    ]) {
      const { answer, text } = await get(path)
      assert.equal(answer.status, 200, path)
      assert.ok(text.includes('&lt;script&gt;alert(1)'), path)
      assert.ok(!text.includes('<script>alert') && !text.includes('<img') && !text.includes(`"'>`), path)
    }
  })

  it('sends every page with a policy that allows no inline script or style, and has none', async () => {
    const { answer, text } = await get('/')
    const policy = answer.headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'/)
    assert.doesNotMatch(policy, /unsafe|\*|https?:/)
    assert.doesNotMatch(text, /<script(?![^>]*\ssrc=)|<style|<[^>]*\s(?:style|on\w+)=|https?:\/\//)
    for (const [, asset] of text.matchAll(/(?:href|src)="(\/(?:static|favicon)[^"]*)"/g)) {
      assert.equal((await get(asset ?? '')).answer.status, 200, asset)
    }
  })

  it('tells a token only when its adder wants everybody to have it', async () => {
    const secret = `view-token-${'b'.repeat(32)}`
    add(secret, 'closed')
    const open = `full-token-${'c'.repeat(32)}`
    const { id } = add(open, 'open')
    const listing = (await get('/networks')).text + (await get('/')).text
    assert.ok(!listing.includes(secret))
    const tokens = (JSON.parse((await get('/networks')).text) as { name: string; token: string }[]).map(
      (one) => one.token,
    )
    assert.deepEqual(tokens.toSorted(), ['********', '********', open])
    assert.ok((await get(`/network/${id}`)).text.includes(open))
  })

  it('searches, sorts and pages', async () => {
    const names = async (query: string) =>
      (JSON.parse((await get(`/networks?${query}`)).text) as { name: string }[]).map(({ name }) => name)
    assert.deepEqual(await names('q=closed'), ['closed'])
    assert.deepEqual((await names('sort=name&order=desc')).slice(0, 2), ['open', 'closed'])
    const { answer, text } = await get('/networks?items=1&page=2&sort=name')
    assert.equal(answer.headers.get('x-total-count'), '3')
    assert.equal((JSON.parse(text) as unknown[]).length, 1)
    assert.equal((await get('/networks?items=-1&page=x&sort=bogus&order=7')).answer.status, 200)
  })

  it('answers a network that is not there as whoever asks wants it', async () => {
    const page = await get('/network/unknown')
    assert.equal(page.answer.status, 404)
    assert.match(page.text, /<h1>Not found<\/h1>/)
    const json = await get(`/network/${'d'.repeat(32)}`, { accept: 'application/json' })
    assert.equal(json.answer.status, 404)
    assert.match(json.text, /^\{"error"/)
    assert.equal((await get('/nowhere', { accept: 'application/json' })).answer.status, 404)
  })

  it('works behind a path prefix', async () => {
    const { text } = await get('/', { accept: 'text/html', 'x-forwarded-prefix': '/lists' })
    for (const [, path = ''] of text.matchAll(/(?:href|src|action|data-live|data-base)="([^"]*)"/g)) {
      assert.ok(path.startsWith('/lists/') || path.startsWith('#'), path)
    }
  })

  it('refuses bodies that are too large, and any that are no JSON in its own words', async () => {
    const post = async (body: string) => await fetch(`${url}/network/add`, { method: 'POST', body })
    assert.equal((await post('x'.repeat(200_000))).status, 413)
    for (const body of ['{', '[1]', '[['.repeat(40_000), '']) {
      const answer = await post(body)
      assert.deepEqual([answer.status, await answer.json()], [400, { error: 'Cannot parse JSON' }], body.slice(0, 10))
    }
  })

  it('limits what one address may ask and change', async () => {
    const limits = {
      all: { requests: 9, windowMs: 60_000 },
      changes: { requests: 3, windowMs: 60_000 },
      additions: { requests: 2, windowMs: 60_000 },
    }
    const limited = await serve(limits, true)
    const from = (address: string) => ({ headers: { 'x-forwarded-for': `evil, ${address}` } })
    const post = async (address: string) =>
      (await fetch(`${limited}/network/add`, { method: 'POST', body: '{}', ...from(address) })).status
    assert.deepEqual([await post('192.0.2.1'), await post('192.0.2.1'), await post('192.0.2.1')], [400, 400, 429])
    assert.equal(await post('192.0.2.2'), 400)
    assert.deepEqual(
      [await post('2001:db8::1'), await post('2001:db8::2'), await post('2001:db8:0:0:9::')],
      [400, 400, 429],
    )
    const reads: number[] = []
    for (let count = 0; count < 7; count += 1)
      reads.push((await fetch(`${limited}/networks`, from('192.0.2.1'))).status)
    assert.deepEqual(reads, [200, 200, 200, 200, 200, 200, 429])
    const refused = await fetch(`${limited}/networks`, from('192.0.2.1'))
    assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d?$/)
    assert.match(await refused.text(), /too many requests/)
  })

  it('tells how it does', async () => {
    const { text } = await get('/status', { accept: 'application/json' })
    const { networks, discovery } = JSON.parse(text) as { networks: { listed: number }; discovery: unknown }
    assert.deepEqual([networks.listed, discovery], [3, null])
    assert.match((await get('/status')).text, /visits no networks/)
    assert.equal((await get('/readyz')).answer.status, 200)
  })
})
