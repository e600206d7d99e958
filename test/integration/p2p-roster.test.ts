import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { MAIN } from '../support/local-ai.ts'
import { poll } from '../support/poll.ts'
import { type Swarm, type SwarmNode, startSwarm } from '../support/swarm.ts'
import { steadyLlama } from '../support/tiny-models.ts'

/** So many that the node is removed long before the last. */
const TWIN_TOKENS = 1500
const SLOW = { tokens: 60, everyMs: 50 }
/** What the product promises is less than a minute; on the loopback it is a moment. */
const SOON_MS = 5000
const JOIN_MS = 15_000

interface Whole {
  readonly choices: [{ readonly message: { readonly content: string } }]
}

interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function cli(...words: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...words], { timeout: 30_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

async function sees(node: SwarmNode, name: string): Promise<boolean> {
  return (await node.peers()).some((peer) => peer.name === name)
}

async function isServed(node: SwarmNode, model: string): Promise<boolean> {
  const response = await node.chat(model, 'hello')
  await response.text()
  return response.ok
}

/** Of the events of a stream of chunks. */
function textOf(events: string): string {
  const pieces = [...events.matchAll(/^data: (\{.*\})$/gm)].map(([, json = '']) => {
    const { choices } = JSON.parse(json) as { choices: [{ delta?: { content?: string } }] }
    return choices[0]?.delta?.content ?? ''
  })
  return pieces.join('')
}

async function problemsOf(node: SwarmNode): Promise<readonly string[]> {
  const { findings } = (await node.ask('/api/p2p/status')) as { findings: readonly { problem: string }[] }
  return findings.map(({ problem }) => problem)
}

describe('a node that is removed from its network', { timeout: 170_000 }, () => {
  let swarm: Swarm
  let folder: string
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'local-ai-roster-'))
    const config = join(folder, 'twin.yaml')
    writeFileSync(config, 'name: twin\nparameters:\n  model: twin.gguf\n  ignore_eos: true\n')
    const files = { 'twin.yaml': config, 'twin.gguf': await steadyLlama() }
    swarm = await startSwarm([
      { name: 'own', owner: true, scripted: ['of-own'] },
      { name: 'bob', scripted: ['of-bob'], files },
      { name: 'mal', scripted: ['of-mal'], files },
      { name: 'door', entry: true },
    ])
  })
  after(async () => {
    await swarm[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })
  const node = (name: string): SwarmNode => swarm.node(name)
  const members = async (name: string) =>
    (await node(name).ask('/api/p2p/members')) as {
      owner: boolean
      open: boolean
      nodes: readonly { name: string; id: string; standing: string; online: boolean }[]
    }
  const standingAt = async (name: string, id: string) =>
    (await members(name)).nodes.find((one) => one.id === id)?.standing

  it('is somebody whom only the owner removes', async () => {
    const { code, stderr } = await cli('p2p', 'revoke', 'mal', '--endpoint', node('bob').url)
    assert.notEqual(code, 0)
    assert.match(stderr, /only the owner says who may be in the network/)
    const unknown = await cli('p2p', 'revoke', 'nobody', '--endpoint', node('own').url)
    assert.match(unknown.stderr, /there is no node "nobody"/)
    const self = await cli('p2p', 'revoke', 'own', '--endpoint', node('own').url)
    assert.match(self.stderr, /cannot remove itself/)
    assert.equal((await members('own')).open, true)
  })

  async function twin(at: SwarmNode, content: string, stream: boolean): Promise<Response> {
    const messages = [{ role: 'user', content }]
    return await at.fetch(`${at.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'twin', temperature: 0, max_tokens: TWIN_TOKENS, stream, messages }),
    })
  }
  /** A stream that has begun, and is made by that node. */
  async function streamOf(name: string): Promise<{ readonly content: string; readonly response: Response }> {
    // What was asked before is asked of whoever has it in its cache.
    for (let count = 0; count < 100; count += 1) {
      const content = `${count} is the number of the story that I want to hear`
      const response = await twin(node('door'), content, true)
      if (response.headers.get('x-localai-node') === name) return { content, response }
      await response.body?.cancel()
    }
    throw new Error(`${name} makes no stream`)
  }

  it('is cut off everywhere at once, and nobody else notices', async () => {
    const { peerId } = node('mal')
    const running = await node('door').chat('of-bob', SLOW, { stream: true })
    const moving = await streamOf('mal')
    const revoked = await node('own').fetch(`${node('own').url}/api/p2p/members`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ revoke: ['mal'] }),
    })
    assert.equal(revoked.status, 200, await revoked.text())
    const { stdout } = await cli('p2p', 'members', '--endpoint', node('own').url)
    assert.match(stdout, /mal +removed +no +12D3KooW/)
    assert.match(stdout, /Newcomers have to be admitted/)
    for (const name of ['own', 'bob', 'door']) {
      await poll(`${name} has cut mal off`, SOON_MS, async () => !(await sees(node(name), 'mal')))
      await poll(`${name} knows why`, SOON_MS, async () => (await standingAt(name, peerId)) === 'removed')
      assert.equal(await isServed(node(name), 'of-mal'), false)
    }
    await node('mal').process.waitForLog(({ msg }) => msg === 'this node was removed from the network by its owner')
    await poll('mal is told', SOON_MS, async () => (await problemsOf(node('mal'))).includes('removed'))
    assert.ok((await node('mal').peers()).every(({ isOnline }) => !isOnline))
    const text = textOf(await moving.response.text())
    const whole = (await (await twin(node('bob'), moving.content, false)).json()) as Whole
    assert.equal(text, whole.choices[0].message.content, 'what it was writing goes on elsewhere')
    const id = moving.response.headers.get('x-correlation-id') ?? ''
    const { seams } = (await node('door').ask(`/api/federation/requests/${id}`)) as { seams: number }
    assert.equal(seams, 1)
    assert.equal(((await running.text()).match(/"content":"t\d+ "/g) ?? []).length, SLOW.tokens)
    assert.equal(await isServed(node('door'), 'of-bob'), true)
  })

  it('does not come back by a restart, nor with the token and a new key', async () => {
    const mal = node('mal')
    const before = mal.peerId
    await mal.end('SIGTERM')
    await mal.start()
    await poll('mal is told again', SOON_MS, async () => (await problemsOf(mal)).includes('removed'))
    await mal.end('SIGTERM')
    rmSync(join(mal.folder, 'data', 'p2p', 'identity.key'))
    await mal.start()
    assert.notEqual(mal.peerId, before)
    await poll('the new key is not admitted', SOON_MS, async () => (await problemsOf(mal)).includes('not-admitted'))
    const { findings } = (await mal.ask('/api/p2p/status')) as { findings: readonly { message: string }[] }
    assert.ok(findings.some(({ message }) => message.includes(`local-ai p2p admit ${mal.peerId}`)))
    for (const name of ['own', 'bob', 'door']) assert.equal(await sees(node(name), 'mal'), false, name)
  })

  it('is remembered by those that were away or are restarted', async () => {
    const bob = node('bob')
    await bob.end('SIGKILL')
    await bob.start()
    await poll('bob is back', JOIN_MS, async () => await isServed(node('door'), 'of-bob'))
    const kept = await members('bob')
    assert.deepEqual([kept.open, kept.owner], [false, false])
    assert.equal(await sees(bob, 'mal'), false)
  })

  it('comes back when the owner admits it, as newcomers do', async () => {
    const mal = node('mal')
    await poll('the owner sees who asks', JOIN_MS, async () => (await standingAt('own', mal.peerId)) === 'asking')
    assert.equal((await cli('p2p', 'admit', mal.peerId, '--endpoint', node('own').url)).code, 0)
    await poll('mal serves again', JOIN_MS, async () => await isServed(node('door'), 'of-mal'))
    const added = await swarm.add({ name: 'new', scripted: ['of-new'] })
    await poll('the newcomer is told', SOON_MS, async () => (await problemsOf(added)).includes('not-admitted'))
    assert.equal(await isServed(node('door'), 'of-new'), false)
    const doctor = await cli(
      'p2p',
      'doctor',
      '--p2p-mdns=false',
      '--p2p-bootstrap',
      node('own').contact,
      '--p2p-token',
      swarm.token,
    )
    assert.match(doctor.stdout, /token and clocks are right/)
    assert.equal((await cli('p2p', 'admit', '--everyone', '--endpoint', node('own').url)).code, 0)
    await poll('the newcomer serves', JOIN_MS, async () => await isServed(node('door'), 'of-new'))
    assert.equal((await members('door')).open, true)
    const again = await cli('p2p', 'revoke', 'new', '--endpoint', node('own').url)
    assert.match(again.stdout, /new +removed/)
    await poll('the door has cut it off', SOON_MS, async () => !(await sees(node('door'), 'new')))
    assert.equal(await isServed(node('door'), 'of-mal'), true)
  })
})
