import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { extract, list } from 'tar'
import { writeOciImage } from '../../../src/gallery/oci/write-oci-image.ts'

describe('util create-oci-image', () => {
  let folder: string
  const init = () => ({
    inputs: [`${join(folder, 'backend')}/.`, join(folder, 'model.gguf')],
    output: join(folder, 'out', 'image.tar'),
    imageName: 'my/model',
    platform: 'linux/arm64',
  })

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'local-ai-oci-'))
    mkdirSync(join(folder, 'backend', 'lib'), { recursive: true })
    mkdirSync(join(folder, 'out'))
    writeFileSync(join(folder, 'backend', 'run.sh'), '#!/bin/sh\n', { mode: 0o755 })
    writeFileSync(join(folder, 'backend', 'lib', 'a.so'), 'lib')
    writeFileSync(join(folder, 'model.gguf'), 'weights')
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('[CLI-UTIL-CREATE-OCI-IMAGE] writes a layout whose digests lead from the index to the files', async () => {
    const { output, digest } = await writeOciImage(init())
    const unpacked = join(folder, 'unpacked')
    mkdirSync(unpacked)
    await extract({ file: output, cwd: unpacked })
    const json = (path: string) => JSON.parse(readFileSync(join(unpacked, path), 'utf8'))
    const blob = (descriptor: { digest: string; size: number }): Buffer => {
      const bytes = readFileSync(join(unpacked, 'blobs', descriptor.digest.replace(':', '/')))
      assert.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, descriptor.digest)
      assert.equal(bytes.length, descriptor.size)
      return bytes
    }
    assert.deepEqual(json('oci-layout'), { imageLayoutVersion: '1.0.0' })
    const [reference] = json('index.json').manifests
    assert.equal(reference.digest, digest)
    assert.equal(reference.annotations['org.opencontainers.image.ref.name'], 'my/model:latest')
    const manifest = JSON.parse(blob(reference).toString())
    const config = JSON.parse(blob(manifest.config).toString())
    assert.deepEqual([config.os, config.architecture], ['linux', 'arm64'])
    assert.equal(manifest.layers.length, 1)
    assert.deepEqual(config.rootfs.diff_ids, [manifest.layers[0].digest])
    const layer = join(folder, 'layer.tar')
    writeFileSync(layer, blob(manifest.layers[0]))
    const names: string[] = []
    await list({ file: layer, onReadEntry: (entry) => names.push(`${entry.path} ${entry.mode?.toString(8)}`) })
    const files = names.filter((name) => !name.includes('/ '))
    assert.deepEqual(files.sort(), ['./lib/a.so 644', './run.sh 755', 'model.gguf 644'])
  })

  it('is the same for the same files', async () => {
    const first = await writeOciImage(init())
    assert.equal((await writeOciImage(init())).digest, first.digest)
  })

  const refused: readonly (readonly [what: string, change: () => object, said: RegExp])[] = [
    ['a platform that is none', () => ({ platform: 'linux' }), /^AppError: invalid platform: linux$/],
    ['a name that is none', () => ({ imageName: 'Up/..' }), /invalid image name/],
    ['a file that is not there', () => ({ inputs: [join(folder, 'nothing')] }), /there is no file/],
    ['one name twice', () => ({ inputs: [join(folder, 'backend'), join(folder, 'backend', 'lib')] }), /the same names/],
  ]
  for (const [what, change, said] of refused) {
    it(`[CLI-UTIL-CREATE-OCI-IMAGE] refuses ${what} and leaves nothing behind`, async () => {
      const output = join(folder, 'out', 'refused.tar')
      await assert.rejects(writeOciImage({ ...init(), output, ...change() }), said)
      assert.deepEqual(readdirSync(join(folder, 'out')), ['image.tar'])
    })
  }

  it('stops when it is told to, and leaves nothing behind', async () => {
    const output = join(folder, 'out', 'stopped.tar')
    await assert.rejects(writeOciImage({ ...init(), output }, { signal: AbortSignal.abort() }), /abort/i)
    assert.deepEqual(readdirSync(join(folder, 'out')), ['image.tar'])
  })
})
