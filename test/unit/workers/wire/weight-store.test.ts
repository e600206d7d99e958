import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createWeightStore } from '../../../../src/workers/wire/weight-store.ts'

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const piece = (fill: number, length = 100) => Buffer.alloc(length, fill)

describe('pieces of weights on the disk', () => {
  let folder = ''
  let time = 1_000_000
  const warnings: unknown[] = []
  const log = { warn: (...words: unknown[]) => void warnings.push(words) }
  const now = () => {
    time += 1000
    return time
  }
  const open = async (maxBytes = 350, at = folder) => {
    const store = createWeightStore({ log, now }, { folder: at, maxBytes })
    await store.start()
    return store
  }
  const put = async (store: Awaited<ReturnType<typeof open>>, bytes: Buffer) => {
    await store.put(hashOf(bytes), bytes)
    return hashOf(bytes)
  }
  const pathOf = (hash: string) => join(folder, hash.slice(0, 2), hash.slice(2))

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weights-'))
    warnings.length = 0
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('are there after a restart, and what was not finished is not', async () => {
    const hash = await put(await open(), piece(1))
    await writeFile(`${pathOf(hash)}.half.tmp`, 'half')
    await mkdir(join(folder, 'zz'))
    await writeFile(join(folder, 'zz', 'note'), 'not ours')
    const again = await open()
    assert.deepEqual(again.sizes(), { bytes: 100, pieces: 1 })
    assert.deepEqual(await again.get(hash), piece(1))
    assert.deepEqual(await readdir(join(folder, hash.slice(0, 2))), [hash.slice(2)])
    assert.equal(await readFile(join(folder, 'zz', 'note'), 'utf8'), 'not ours')
  })

  it('make room for others when they were used least, also across a restart', async () => {
    const first = await open()
    const [a, b, c] = [await put(first, piece(1)), await put(first, piece(2)), await put(first, piece(3))]
    for (const hash of [b, c, a]) assert.ok(await first.get(hash))
    const second = await open()
    const d = await put(second, piece(4))
    assert.equal(await second.has(b), false)
    await assert.rejects(readFile(pathOf(b)))
    for (const hash of [a, c, d]) assert.ok(await second.get(hash))
    assert.deepEqual(second.sizes(), { bytes: 300, pieces: 3 })
    assert.deepEqual((await open(150)).sizes(), { bytes: 100, pieces: 1 })
  })

  it('are what their hash says, or are not kept, and are gone when they were damaged', async () => {
    const store = await open()
    await store.put(hashOf(piece(1)), piece(2))
    await store.put('../../escape', piece(1))
    await put(store, Buffer.alloc(0))
    await put(store, piece(1, 351))
    assert.deepEqual(store.sizes(), { bytes: 0, pieces: 0 })
    const hash = await put(store, piece(1))
    await writeFile(pathOf(hash), piece(9))
    assert.equal(await store.get(hash), undefined)
    assert.equal(await store.has(hash), false)
    await assert.rejects(readFile(pathOf(hash)))
    assert.deepEqual(warnings, [])
  })

  it('are not kept where there is no place for them, which is said once', async () => {
    const store = await open()
    // A file stands where the folder of the pieces would have to be.
    const [a, b] = [hashOf(piece(1)), hashOf(piece(2))]
    for (const hash of [a, b]) await writeFile(join(folder, hash.slice(0, 2)), '')
    await put(store, piece(1))
    await put(store, piece(2))
    assert.equal(await store.get(a), undefined)
    assert.deepEqual(store.sizes(), { bytes: 0, pieces: 0 })
    assert.equal(warnings.length, 1)
  })

  it('are not kept when their folder cannot be made, and nothing else fails', async () => {
    const at = join(folder, 'a-file')
    await writeFile(at, '')
    const store = await open(350, at)
    assert.equal(warnings.length, 1)
    await put(store, piece(1))
    assert.deepEqual(store.sizes(), { bytes: 0, pieces: 0 })
    assert.equal(warnings.length, 1)
  })

  it('take no more room than they may when many come at the same time', async () => {
    const store = await open()
    await Promise.all([1, 2, 3, 4, 5, 6].map(async (fill) => await put(store, piece(fill))))
    const { bytes, pieces } = store.sizes()
    assert.ok(bytes <= 350 && pieces > 0, `${bytes}`)
    const files = await readdir(folder, { recursive: true, withFileTypes: true })
    assert.equal(files.filter((file) => file.isFile()).length, pieces)
  })

  it('are written once when two bring the same', async () => {
    const store = await open()
    const hash = hashOf(piece(1))
    await Promise.all([store.put(hash, piece(1)), store.put(hash, piece(1))])
    assert.deepEqual(store.sizes(), { bytes: 100, pieces: 1 })
    await store.stop()
  })
})
