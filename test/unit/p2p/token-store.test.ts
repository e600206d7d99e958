import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { generateToken } from '../../../src/p2p/token/generate-token.ts'
import { formatToken, parseToken } from '../../../src/p2p/token/parse-token.ts'
import {
  type ResolvedToken,
  type ResolveTokenInit,
  readExistingToken,
  resolveToken,
} from '../../../src/p2p/token/resolve-token.ts'
import { readStoredToken, storeToken } from '../../../src/p2p/token/token-store.ts'

let folder = ''
let lines: string[] = []
const write = (...parts: readonly unknown[]): void => {
  lines.push(JSON.stringify(parts))
}
const log = { info: write, warn: write }
const noInput = Readable.from([])
const resolveHere = (init: Omit<ResolveTokenInit, 'folder'>, stdin: Readable = noInput): Promise<ResolvedToken> =>
  resolveToken({ log, stdin }, { folder, ...init })
const modeOf = async (name: string): Promise<number> => (await stat(join(folder, name))).mode & 0o777

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'local-ai-token-'))
  lines = []
})
afterEach(() => rm(folder, { recursive: true }))

describe('resolveToken', () => {
  it('founds no other network while the place that keeps the token is missing, or what it keeps is damaged', async () => {
    const path = join(folder, 'token')
    await symlink('/nowhere/at/all', path)
    await assert.rejects(resolveHere({}), { code: 'config.invalid', message: /a link to what is not there: bring/ })
    await rm(path)
    await mkdir(path, { mode: 0o755 })
    await assert.rejects(resolveHere({}), { code: 'config.invalid', message: /is no regular file/ })
    assert.equal(await modeOf('token'), 0o755, 'no folder is closed to others')
    await rmdir(path)
    for (const content of ['', 'half of a tok']) {
      await writeFile(path, content)
      await assert.rejects(resolveHere({}), {
        code: 'token.invalid',
        message: /token: .*: bring it back from a backup/,
      })
    }
  })

  it('founds a network, keeps its token and the key of its owner, and finds it again', async () => {
    const founded = await resolveHere({ dhtIntervalSeconds: 400, otpIntervalSeconds: 500 })
    assert.equal(founded.origin, 'generated')
    assert.deepEqual([founded.token.dht.intervalSeconds, founded.token.crypto.intervalSeconds], [400, 500])
    assert.deepEqual((await readdir(folder)).sort(), ['owner.key', 'token'])
    assert.deepEqual([await modeOf('token'), await modeOf('owner.key')], [0o600, 0o600])
    assert.equal(await readFile(join(folder, 'token'), 'utf8'), `${founded.text}\n`)
    const again = await resolveHere({ dhtIntervalSeconds: 1 })
    assert.deepEqual(again, { ...founded, origin: 'stored' })

    await rm(join(folder, 'token'))
    const second = await resolveHere({})
    assert.notEqual(second.token.networkId, founded.token.networkId)
    assert.equal(second.token.ownerKey, founded.token.ownerKey, "the owner's key is never overwritten")
    assert.match(founded.token.ownerKey ?? '', /^CAES[\w-]{44}$/)
  })

  it('takes the token that is given, from wherever, and keeps it', async () => {
    const text = formatToken(generateToken())
    const file = join(folder, 'from-a-friend')
    await writeFile(file, `${text}\n`)
    const halves = Readable.from([text.slice(0, 100), Buffer.from(text.slice(100)), '\n'])
    const cases: readonly (readonly [ResolvedToken['origin'], () => Promise<ResolvedToken>])[] = [
      ['given', () => resolveHere({ text: ` ${text}\n`, file: '/nowhere' })],
      ['file', () => resolveHere({ text: '', file })],
      ['stdin', () => resolveHere({ file: '-' }, halves)],
    ]
    for (const [origin, resolve] of cases) {
      assert.deepEqual(await resolve(), { token: parseToken(text), text, origin })
      await storeToken({ folder }, text)
      assert.equal((await resolveHere({ text: ' ', file: '' })).origin, 'stored')
      await rm(join(folder, 'token'))
    }
  })

  it('goes to the network of a given token and tells of it by network id only', async () => {
    const [first, second] = [await resolveHere({}), generateToken()]
    lines = []
    await resolveHere({ text: first.text })
    assert.equal(lines.length, 0, 'the same token again is no news')
    await resolveHere({ text: formatToken(second) })
    assert.equal((await readStoredToken({ log }, { folder }))?.text, formatToken(second))
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /another network/)
    for (const { networkId = '-' } of [first.token, second]) assert.ok(lines[0]?.includes(networkId))
    await resolveHere({ text: formatToken({ ...second, maxMessageSizeBytes: 65536 }) })
    assert.match(lines[1] ?? '', /another token/)
    for (const secret of [first.text, ...Object.values(first.token.crypto), second.room, second.crypto.key]) {
      assert.ok(typeof secret === 'number' || !lines.join().includes(secret))
    }
  })

  it('replaces a damaged token by a given one, but never by a new network', async () => {
    const text = formatToken(generateToken())
    const path = join(folder, 'token')
    await writeFile(path, text.slice(0, 300), { mode: 0o600 })
    await assert.rejects(resolveHere({}), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'token.invalid')
      assert.ok(error.message.startsWith(`${path}: the network token is not valid`))
      return true
    })
    assert.equal((await resolveHere({ text })).origin, 'given')
    assert.match(lines.join(), /replaces another/)
    assert.equal((await resolveHere({})).text, text)
  })

  it('names the source that is wrong and leaves the folder as it was', async () => {
    const file = join(folder, 'bad')
    await writeFile(file, 'nonsense')
    const from = Readable.from(['nonsense'])
    await assert.rejects(resolveHere({ text: 'nonsense' }), { code: 'token.invalid', message: /^the network token/ })
    await assert.rejects(resolveHere({ file }), (error: Error) =>
      error.message.startsWith(`${file}: the network token`),
    )
    await assert.rejects(resolveHere({ file: '-' }, from), { code: 'token.invalid', message: /^standard input: / })
    await assert.rejects(resolveHere({ file: '-' }), { code: 'token.invalid', message: /^standard input: .* is empty/ })
    const gone = { code: 'config.invalid', message: /--p2p-token-file: .*gone cannot be read \(ENOENT\)/ }
    await assert.rejects(resolveHere({ file: join(folder, 'gone') }), gone)
    await assert.rejects(resolveHere({ file: folder }), { code: 'config.invalid', message: /EISDIR/ })
    assert.deepEqual(await readdir(folder), ['bad'])
  })

  it('reads no more than a token can have', async () => {
    let given = 0
    const endless = new Readable({
      read() {
        given += 1
        this.push(Buffer.alloc(1024, 'A'))
      },
    })
    await assert.rejects(resolveHere({ file: '-' }, endless), { code: 'token.invalid', message: /longer than/ })
    assert.ok(given < 200)
    await assert.rejects(resolveHere({ file: '/dev/zero' }), { code: 'token.invalid', message: /longer than/ })
    await writeFile(join(folder, 'token'), Buffer.alloc(65 * 1024, 'A'), { mode: 0o600 })
    await assert.rejects(resolveHere({}), { code: 'config.invalid', message: /larger than/ })
  })

  it('stops waiting for standard input when told to', async () => {
    const controller = new AbortController()
    const silent = new PassThrough()
    const answer = resolveToken({ log, stdin: silent }, { folder, file: '-' }, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await assert.rejects(answer, { message: 'enough' })
    silent.destroy()
  })

  it('warns of a token that is weak', async () => {
    const token = generateToken({ otpIntervalSeconds: 60 })
    await resolveHere({ text: formatToken({ ...token, crypto: { ...token.crypto, key: 'short' } }) })
    assert.equal(lines.length, 2)
    assert.match(lines.join(), /clocks must agree.*can be guessed/)
    assert.ok(!lines.join().includes('"short"'))
  })
})

describe('readExistingToken', () => {
  it('takes what is given or kept, founds nothing and keeps nothing', async () => {
    const deps = { log, stdin: noInput }
    await assert.rejects(readExistingToken(deps, { folder }), {
      code: 'token.invalid',
      message: /keeps none: give --p2p/,
    })
    const [given, kept] = [formatToken(generateToken()), formatToken(generateToken())]
    assert.equal((await readExistingToken(deps, { folder, text: given })).text, given)
    assert.deepEqual(await readdir(folder), [])
    await storeToken({ folder }, kept)
    assert.equal((await readExistingToken(deps, { folder, text: given })).text, given)
    assert.equal((await readExistingToken(deps, { folder })).text, kept)
  })
})

describe('the stored token', () => {
  it('is closed to other users, who are told of, when it was open to them', async () => {
    const text = formatToken(generateToken())
    await writeFile(join(folder, 'token'), text)
    await chmod(join(folder, 'token'), 0o644)
    assert.equal((await readStoredToken({ log }, { folder }))?.text, text)
    assert.equal(await modeOf('token'), 0o600)
    assert.match(lines.join(), /other users/)
    await readStoredToken({ log }, { folder })
    assert.equal(lines.length, 1)
  })
  it('is replaced whole, with what a crash left behind in the way', async () => {
    const [first, second] = [formatToken(generateToken()), formatToken(generateToken())]
    await storeToken({ folder }, first)
    const { ino } = await stat(join(folder, 'token'))
    await writeFile(join(folder, 'token.new'), 'half', { mode: 0o644 })
    await storeToken({ folder }, second)
    assert.equal((await readStoredToken({ log }, { folder }))?.text, second)
    assert.notEqual((await stat(join(folder, 'token'))).ino, ino, 'renamed over, not written into')
    assert.deepEqual([await readdir(folder), await modeOf('token')], [['token'], 0o600])
  })
  it('says when the folder is not there, or is none', async () => {
    assert.equal(await readStoredToken({ log }, { folder: join(folder, 'none') }), undefined)
    const missing = { code: 'config.invalid', message: /cannot be written \(ENOENT\)/ }
    await assert.rejects(storeToken({ folder: join(folder, 'none') }, 'x'), missing)
    await writeFile(join(folder, 'file'), '')
    const none = { code: 'config.invalid', message: /cannot be read \(ENOTDIR\)/ }
    await assert.rejects(readStoredToken({ log }, { folder: join(folder, 'file') }), none)
  })
})
