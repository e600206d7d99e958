import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readHeader } from '../../../../src/models/gguf/validate-gguf.ts'
import { createModelPieces } from '../../../../src/workers/lease/model-pieces.ts'
import { tinyChat } from '../../../support/tiny-models.ts'

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

describe('pieces of the models of this machine', () => {
  let folder: string
  let file: string
  let other: string
  /** Of the largest tensor: its name, and where in the file it lies. */
  let tensor: { readonly name: string; readonly at: number; readonly bytes: number }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pieces-'))
    file = join(folder, 'model.gguf')
    copyFileSync(tinyChat(), file)
    const { tensors, dataOffset } = await readHeader(file)
    const [largest] = [...tensors].sort((one, two) => two.sizeBytes - one.sizeBytes)
    assert.ok(largest)
    tensor = { name: largest.name, at: dataOffset + largest.offset, bytes: largest.sizeBytes }
    // The same model after more training: the same tensors with other bytes.
    other = join(folder, 'other.gguf')
    const bytes = readFileSync(file)
    bytes.fill(7, tensor.at, tensor.at + tensor.bytes)
    writeFileSync(other, bytes)
  })
  after(() => rmSync(folder, { recursive: true }))

  const piece = (path: string, offset: number, length: number): Buffer =>
    readFileSync(path).subarray(tensor.at + offset, tensor.at + offset + length)

  it('are found by tensor, place and hash, in whichever file has them', async () => {
    const broken = join(folder, 'broken.gguf')
    writeFileSync(broken, 'GGUF')
    const pieces = createModelPieces({ files: () => [join(folder, 'gone.gguf'), broken, other, file] })
    for (const path of [file, other, file]) {
      const bytes = piece(path, 32, 1000)
      assert.deepEqual(await pieces.read(hashOf(bytes), { tensor: tensor.name, offset: 32, length: 1000 }), bytes)
    }
  })

  it('are given to nobody who does not know their hash', async () => {
    const pieces = createModelPieces({ files: () => [file] })
    const bytes = piece(file, 0, 64)
    const hash = hashOf(bytes)
    const place = { tensor: tensor.name, offset: 0, length: 64 }
    assert.ok(await pieces.read(hash, place))
    assert.equal(await pieces.read('0'.repeat(64), place), undefined)
    assert.equal(await pieces.read(hash, { ...place, offset: 32 }), undefined)
    assert.equal(await pieces.read(hash, { ...place, tensor: 'blk.99.none.weight' }), undefined)
    assert.equal(await pieces.read(hash, { ...place, offset: tensor.bytes - 63 }), undefined)
  })

  it('are of the file as it is now', async () => {
    const changing = join(folder, 'changing.gguf')
    copyFileSync(file, changing)
    const pieces = createModelPieces({ files: () => [changing] })
    const [before, after] = [piece(file, 0, 64), piece(other, 0, 64)]
    const place = { tensor: tensor.name, offset: 0, length: 64 }
    assert.ok(await pieces.read(hashOf(before), place))
    copyFileSync(other, changing)
    assert.equal(await pieces.read(hashOf(before), place), undefined)
    assert.ok(await pieces.read(hashOf(after), place))
  })
})
