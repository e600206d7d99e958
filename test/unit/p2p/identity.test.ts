import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { generateKeyPair, privateKeyToProtobuf, publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import { takeFolderLock } from '../../../src/p2p/identity/folder-lock.ts'
import { removeExactly } from '../../../src/p2p/identity/lock-file.ts'
import { loadIdentity } from '../../../src/p2p/identity/node-identity.ts'
import { checkNodeName, defaultNodeName } from '../../../src/p2p/identity/node-name.ts'
import { loadOwnerKey } from '../../../src/p2p/identity/owner-key.ts'
import { markOf } from '../../../src/p2p/identity/process-mark.ts'
import { poll } from '../../support/poll.ts'
import { needsProc } from '../../support/processes.ts'

const deps = { log: { warn: () => {} } }
let folder = ''
const lockFile = (): string => join(folder, 'lock')
const refused = (pid: number | string): object => ({
  code: 'config.invalid',
  message: new RegExp(`held by process ${pid}.*give another --data-path`),
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'local-ai-identity-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** A process that is the node of the folder until its input ends. */
async function otherNode(): Promise<ChildProcess & { readonly peerId: string; end(): Promise<void> }> {
  const module = new URL('../../../src/p2p/identity/node-identity.ts', import.meta.url)
  const program = `import { loadIdentity } from ${JSON.stringify(module.href)}
    const identity = await loadIdentity({ log: console }, { folder: ${JSON.stringify(folder)} })
    console.log(identity.peerId)
    process.stdin.on('end', () => identity[Symbol.asyncDispose]()).resume()`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [peerId] = await once(child.stdout, 'data')
  const exited = once(child, 'exit')
  const end = async (): Promise<void> => {
    child.stdin.end()
    assert.deepEqual(await exited, [0, null])
  }
  return Object.assign(child, { peerId: String(peerId).trim(), end })
}

describe('loadIdentity', () => {
  it('makes a key for the owner only, and is the same node at the next start', async () => {
    const inner = join(folder, 'p2p')
    const first = await loadIdentity(deps, { folder: inner })
    assert.match(first.peerId, /^12D3KooW/)
    assert.equal(first.privateKey.publicKey.toString(), first.peerId)
    assert.equal((await stat(inner)).mode & 0o777, 0o700)
    assert.equal((await stat(join(inner, 'identity.key'))).mode & 0o777, 0o600)
    await first[Symbol.asyncDispose]()
    await first[Symbol.asyncDispose]()
    assert.deepEqual(await readdir(inner), ['identity.key'])
    await using second = await loadIdentity(deps, { folder: inner })
    assert.equal(second.peerId, first.peerId)
    assert.ok(second.privateKey.equals(first.privateKey))
  })

  it('refuses a damaged key, names the file and what to do, and lets go of the folder', async () => {
    const path = join(folder, 'identity.key')
    const whole = privateKeyToProtobuf(await generateKeyPair('Ed25519'))
    const flipped = Buffer.from(whole)
    flipped[10] = (flipped[10] ?? 0) ^ 1
    const other = privateKeyToProtobuf(await generateKeyPair('secp256k1'))
    for (const content of [
      Buffer.alloc(0),
      whole.subarray(0, 40),
      flipped,
      other,
      Buffer.from('hello'),
      Buffer.alloc(68),
    ]) {
      await writeFile(path, content, { mode: 0o600 })
      await assert.rejects(loadIdentity(deps, { folder }), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'config.invalid')
        assert.ok(error.message.startsWith(`${path} is damaged`), error.message)
        assert.match(error.message, /backup, or delete it/)
        return true
      })
      assert.deepEqual(await readdir(folder), ['identity.key'])
      assert.deepEqual(await readFile(path), Buffer.from(content), 'it may still be mended')
    }
    await writeFile(path, Buffer.alloc(2000), { mode: 0o600 })
    await assert.rejects(loadIdentity(deps, { folder }), { code: 'config.invalid', message: /larger than/ })
  })

  it('says when the folder cannot be', async () => {
    const above = { code: 'config.invalid', message: /--data-path: .* cannot be made \(ENOENT\)/ }
    await assert.rejects(loadIdentity(deps, { folder: join(folder, 'a', 'b') }), above)
    await writeFile(join(folder, 'file'), '')
    const file = { code: 'config.invalid', message: /cannot be locked \(ENOTDIR\)/ }
    await assert.rejects(loadIdentity(deps, { folder: join(folder, 'file') }), file)
  })

  it('is held by one process at a time, and free when that ends or dies', async () => {
    const other = await otherNode()
    await assert.rejects(loadIdentity(deps, { folder }), refused(other.pid ?? 0))
    await other.end()
    {
      await using own = await loadIdentity(deps, { folder })
      assert.equal(own.peerId, other.peerId)
      await assert.rejects(loadIdentity(deps, { folder }), refused(process.pid))
    }
    const killed = await otherNode()
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    assert.equal(JSON.parse(await readFile(lockFile(), 'utf8')).pid, killed.pid, 'it could not tidy up')
    await using after = await loadIdentity(deps, { folder })
    assert.equal(after.peerId, killed.peerId)
  })
})

describe('takeFolderLock', () => {
  it('takes over from a process whose number another one has now', needsProc, async () => {
    const own = await markOf(process.pid)
    await writeFile(lockFile(), JSON.stringify({ ...own, started: `${own.started}1`, id: 'x' }))
    await using _lock = await takeFolderLock({ folder })
    assert.equal(JSON.parse(await readFile(lockFile(), 'utf8')).started, own.started)
    assert.deepEqual(await readdir(folder), ['lock'])
  })

  it('lets one of many take over, however they meet', async () => {
    const dead = { ...(await markOf(process.pid)), pid: 2 ** 30 }
    for (let round = 0; round < 10; round += 1) {
      await writeFile(lockFile(), JSON.stringify({ ...dead, id: String(round) }))
      // Somebody who died while taking over is in the way every other time.
      if (round % 2 === 0) await writeFile(`${lockFile()}.takeover`, JSON.stringify({ ...dead, id: 'too' }))
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => takeFolderLock({ folder })))
      const taken = tries.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
      assert.equal(taken.length, 1)
      assert.deepEqual(await readdir(folder), ['lock'])
      await taken[0]?.[Symbol.asyncDispose]()
      assert.deepEqual(await readdir(folder), [])
    }
  })

  it('removes the lock that was judged, not one that has come meanwhile, and not while another does', async () => {
    const [claim, guard] = [join(folder, 'claim'), join(folder, 'guard')]
    await writeFile(claim, 'mine')
    await writeFile(lockFile(), 'fresh')
    assert.equal(await removeExactly(lockFile(), { text: 'stale', guard, claim }), true)
    assert.deepEqual(await readdir(folder), ['claim', 'lock'])
    await writeFile(guard, 'of another')
    assert.equal(await removeExactly(lockFile(), { text: 'fresh', guard, claim }), false)
    assert.deepEqual(await readdir(folder), ['claim', 'guard', 'lock'])
    await rm(guard)
    assert.equal(await removeExactly(lockFile(), { text: 'fresh', guard, claim }), true)
    assert.deepEqual(await readdir(folder), ['claim'])
    assert.equal(await removeExactly(lockFile(), { text: 'fresh', guard, claim }), true)
  })

  it('watches a holder whom it cannot see: one that shows no life is gone', async () => {
    const far = { ...(await markOf(process.pid)), place: 'elsewhere pid:[1]', pid: 1 }
    for (const text of [JSON.stringify(far), '', '{"pid":"1"}', 'null', '\u0000\u0000']) {
      await writeFile(lockFile(), text)
      const lock = await takeFolderLock({ folder, watchMs: 30 })
      assert.equal(JSON.parse(await readFile(lockFile(), 'utf8')).pid, process.pid)
      await lock[Symbol.asyncDispose]()
    }
  })

  it('leaves the lock to a holder elsewhere that touches it', async () => {
    await writeFile(lockFile(), JSON.stringify({ ...(await markOf(process.pid)), place: 'elsewhere pid:[1]', pid: 7 }))
    let ticks = 0
    const timer = setInterval(() => {
      ticks += 1
      utimes(lockFile(), ticks, ticks).catch(() => {})
    }, 5)
    try {
      await assert.rejects(takeFolderLock({ folder, watchMs: 400 }), refused('7 on elsewhere'))
    } finally {
      clearInterval(timer)
    }
  })

  it('shows life itself, on its own lock only', async () => {
    await using _lock = await takeFolderLock({ folder, touchMs: 5 })
    const first = (await stat(lockFile())).mtimeMs
    await poll('a touch', 5000, async () => (await stat(lockFile())).mtimeMs !== first)
  })

  it('does not remove a lock that became another one', async () => {
    const lock = await takeFolderLock({ folder })
    await writeFile(lockFile(), 'of somebody else')
    await lock[Symbol.asyncDispose]()
    assert.equal(await readFile(lockFile(), 'utf8'), 'of somebody else')
  })

  it('stops waiting when told to, and leaves nothing behind', async () => {
    await writeFile(lockFile(), JSON.stringify({ ...(await markOf(process.pid)), place: 'elsewhere' }))
    const controller = new AbortController()
    const waiting = takeFolderLock({ folder, watchMs: 60_000 }, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await assert.rejects(waiting, { message: 'enough' })
    assert.deepEqual(await readdir(folder), ['lock'])
  })

  it('says when something is there that is no lock', async () => {
    await mkdir(lockFile())
    await assert.rejects(takeFolderLock({ folder }), { code: 'config.invalid', message: /cannot be locked \(EISDIR\)/ })
  })
})

describe('loadOwnerKey', () => {
  it('gives the public half of a key that stays', async () => {
    const text = await loadOwnerKey(deps, { folder })
    assert.equal(await loadOwnerKey(deps, { folder }), text)
    assert.equal(publicKeyFromProtobuf(Buffer.from(text, 'base64url')).type, 'Ed25519')
    assert.equal((await stat(join(folder, 'owner.key'))).mode & 0o777, 0o600)
  })
  it('refuses to replace a damaged one', async () => {
    await writeFile(join(folder, 'owner.key'), 'x', { mode: 0o600 })
    await assert.rejects(loadOwnerKey(deps, { folder }), { code: 'config.invalid', message: /owner\.key is damaged/ })
  })
})

describe('a node name', () => {
  it('is the host name, cleaned', () => {
    const cases: Readonly<Record<string, string>> = {
      'gpu-box': 'gpu-box',
      'Box.example.org': 'Box.example.org',
      "Anna's Mac Büro": 'Anna-s-Mac-B-ro',
      '--_x_--': 'x',
      '': 'node',
      主机: 'node',
      '\u001b[31mred\n': '31mred',
      ['a'.repeat(80)]: 'a'.repeat(63),
      [`${'a'.repeat(62)}. b`]: 'a'.repeat(62),
    }
    for (const [host, name] of Object.entries(cases)) {
      assert.equal(defaultNodeName(host), name)
      assert.equal(checkNodeName(name), name)
    }
    assert.equal(checkNodeName(defaultNodeName()), defaultNodeName())
  })
  it('is checked when it is given', () => {
    assert.equal(checkNodeName('a_B.9-'), 'a_B.9-')
    for (const name of ['', 'a b', 'a/b', 'ü', 'a\n', 'a'.repeat(64)]) {
      assert.throws(() => checkNodeName(name), { code: 'config.invalid', message: /--node-name must have/ })
    }
  })
})
