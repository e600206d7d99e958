import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { generateToken } from '../../src/p2p/token/generate-token.ts'
import { deriveViewKeys } from '../../src/p2p/view/derive-view.ts'
import { formatViewCapability } from '../../src/p2p/view/view-capability.ts'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'
import { poll } from '../support/poll.ts'
import { type Swarm, startSwarm } from '../support/swarm.ts'

interface Listed {
  readonly id: string
  readonly name: string
  readonly token: string
  readonly ownName: string
  readonly nodes: number
  readonly Clusters: readonly { readonly Type: string; readonly Workers: readonly string[] }[]
}

const FAST = ['--visit-interval', '300ms', '--connection-timeout', '6s', '--allow-private-addresses']

describe('an explorer, and networks in processes of their own', { timeout: 150_000 }, () => {
  let lab: Swarm
  let club: Swarm
  let explorer: RunningNode
  let folder = ''
  /** Takes every connection, and says nothing. */
  let silence: Server
  let viewToken = ''
  let labKey = ''

  async function start(words: readonly string[]): Promise<RunningNode> {
    return await startLocalAi({ subcommand: 'explorer', folder, arguments: [...FAST, ...words] })
  }
  async function send(path: string, init: RequestInit & { readonly key?: string } = {}) {
    const { key, ...rest } = init
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
    const answer = await fetch(`${explorer.url}${path}`, {
      ...rest,
      headers: { accept: 'application/json', ...headers },
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, string> }
  }
  async function add(body: object) {
    return await send('/network/add', { method: 'POST', body: JSON.stringify({ description: 'for tests', ...body }) })
  }
  async function list(): Promise<readonly Listed[]> {
    return (await (await fetch(`${explorer.url}/networks`)).json()) as Listed[]
  }
  async function listed(name: string): Promise<Listed> {
    return await poll(`${name} is listed`, 20_000, async () => (await list()).find((one) => one.name === name))
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'local-ai-explorer-'))
    silence = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
    const open = ['--p2p-public-summary', '--p2p-public-name', 'the lab itself']
    ;[lab, club] = await Promise.all([
      startSwarm([{ name: 'ada', scripted: ['tiny'], arguments: open }]),
      startSwarm([{ name: 'bob', scripted: ['small'] }]),
    ])
    explorer = await start(['--with-sync'])
  })
  after(async () => {
    silence?.close()
    await explorer?.[Symbol.asyncDispose]()
    await Promise.all([lab?.[Symbol.asyncDispose](), club?.[Symbol.asyncDispose]()])
    rmSync(folder, { recursive: true })
  })

  it('lists a network by its view token, while others that never answer are being visited', async () => {
    const { port } = silence.address() as { port: number }
    for (const index of [1, 2, 3]) {
      const addresses = [`/ip4/127.0.0.1/tcp/${port}`]
      const token = formatViewCapability({
        ...deriveViewKeys(generateToken()),
        ...{ mdnsTag: '_la-000000000000._udp.local', addresses },
      })
      assert.equal((await add({ name: `dead ${index}`, token })).status, 200)
    }
    const told = (await lab.node('ada').ask('/api/p2p/view-token')) as { viewToken: string; publicSummary: boolean }
    assert.equal(told.publicSummary, true)
    viewToken = told.viewToken
    const { status, body } = await add({ name: 'lab', token: viewToken })
    assert.equal(status, 200)
    assert.equal(body['message'], 'Token added')
    assert.equal(body['warning'], undefined)
    labKey = String(body['key'])

    const found = await listed('lab')

    assert.equal(found.id, body['id'])
    assert.equal(found.ownName, 'the lab itself')
    assert.deepEqual(
      found.Clusters.map(({ Type, Workers }) => [Type, Workers.length]),
      [['federated', 1]],
    )
    assert.ok(!found.Clusters[0]?.Workers.includes(lab.node('ada').peerId))
    const page = (await send(`/network/${found.id}`)).body as unknown as {
      readonly modelList: readonly { readonly name: string }[]
      readonly history: readonly { readonly uptime: number | null }[]
    }
    assert.ok(page.modelList.some(({ name }) => name === 'tiny'))
    assert.equal(page.history.at(-1)?.uptime, 1)
    assert.deepEqual(await lab.node('ada').peers(), [], 'nobody joined')
  })

  it('lists a network that answers no viewers by its full token, with a warning', async () => {
    const { port } = new URL(`http://${await contactOf(club)}`)
    const answer = await add({ name: 'club', token: club.token, addresses: [`127.0.0.1:${port}`] })
    assert.equal(answer.status, 200)
    assert.match(answer.body['warning'] ?? '', /whoever gets it is a member/)
    const found = await listed('club')
    assert.equal(found.token, '********')
    const key = String(answer.body['key'])
    const edited = await send(`/network/${found.id}`, { method: 'PUT', key, body: JSON.stringify({ open: true }) })
    assert.equal(edited.status, 200)
    assert.equal((await listed('club')).token, club.token, 'its adder opened it')
  })

  it('takes a network once, whichever of its tokens is given', async () => {
    for (const token of [viewToken, lab.token, club.token]) {
      const again = await add({ name: 'again', token })
      assert.deepEqual([again.status, again.body], [409, { error: 'Token already exists' }])
    }
  })

  it('keeps the list through kill -9, and no token that a copy of the database would tell', async () => {
    await explorer.end('SIGKILL')
    const files = readdirSync(folder).filter((name) => name.startsWith('explorer.db') && !name.endsWith('.key'))
    const content = Buffer.concat(files.map((name) => readFileSync(join(folder, name))))
    for (const secret of [club.token, viewToken, labKey]) assert.equal(content.includes(secret), false)
    // Without visits: what is shown is what was written.
    explorer = await start([])
    const names = (await list()).map(({ name }) => name).sort()
    assert.deepEqual(names, ['club', 'lab'])
  })

  it('is changed and left by whoever has the key of the entry', async () => {
    const { id } = await listed('lab')
    const remove = async (key?: string) =>
      await send(`/network/${id}`, { method: 'DELETE', ...(key === undefined ? {} : { key }) })
    assert.equal((await remove()).status, 401)
    assert.equal((await remove('lae-wrong')).status, 403)
    assert.equal((await remove(labKey)).status, 200)
    assert.equal((await remove(labKey)).status, 404)
    assert.deepEqual(
      (await list()).map(({ name }) => name),
      ['club'],
    )
  })
})

async function contactOf(swarm: Swarm): Promise<string> {
  const { addresses } = (await swarm.node('bob').ask('/api/p2p/status')) as { addresses: readonly string[] }
  return `127.0.0.1:${/\/tcp\/(\d+)/.exec(addresses[0] ?? '')?.[1]}`
}
