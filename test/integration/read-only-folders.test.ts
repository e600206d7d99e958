import assert from 'node:assert/strict'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { installFolder, removeFolder } from '../../src/gallery/backend/backend-folder.ts'
import { copyBackend } from '../../src/gallery/backend/unpack-backend.ts'
import { makeWorkFolder } from '../../src/gallery/download/work-folder.ts'

const skip = process.platform === 'win32' && 'folders have no such rights there'
const NOBODY = 65_534
const limits = { maxBytes: 1024 * 1024, maxEntries: 100 }

/** A folder of an ordinary user, as whom the test goes on: root may write everywhere. */
async function ordinaryUser(): Promise<{ readonly root: string } & AsyncDisposable> {
  const root = await mkdtemp(join(tmpdir(), 'local-ai-read-only-'))
  const isRoot = process.getuid?.() === 0
  if (isRoot) await chown(root, NOBODY, NOBODY)
  if (isRoot) process.seteuid?.(NOBODY)
  return {
    root,
    async [Symbol.asyncDispose]() {
      if (isRoot) process.seteuid?.(0)
      await rm(root, { recursive: true, force: true })
    },
  }
}

describe('folders that may not be written to', { skip }, () => {
  it('in a backend do not keep it from being installed anew nor from being removed', async () => {
    await using user = await ordinaryUser()
    const [from, backends] = [join(user.root, 'built'), join(user.root, 'backends')]
    await mkdir(join(from, 'lib', 'inner'), { recursive: true })
    for (const file of ['run.sh', 'lib/a.so', 'lib/inner/b.so']) await writeFile(join(from, file), file)
    for (const folder of ['lib/inner', 'lib']) await chmod(join(from, folder), 0o555)
    for (const version of ['1', '2']) {
      await installFolder(backends, { name: 'own', version }, (folder) => copyBackend(from, folder, { limits }))
    }
    assert.deepEqual(await readdir(backends), ['own'])
    assert.match(await readFile(join(backends, 'own', 'metadata.json'), 'utf8'), /"version": "2"/)
    await removeFolder(backends, 'own')
    assert.deepEqual(await readdir(backends), [])
    for (const folder of ['lib', 'lib/inner']) await chmod(join(from, folder), 0o700)
  })

  it("left by a process that was killed go with the next, and those of somebody else are in nobody's way", async () => {
    await using user = await ordinaryUser()
    const first = await makeWorkFolder(user.root)
    await first[Symbol.asyncDispose]()
    const earlier = join(user.root, basename(first.path).replace(/-\d+-(?=[^-]*$)/, '-1-'))
    await mkdir(join(earlier, 'locked'), { recursive: true })
    await writeFile(join(earlier, 'locked', 'file'), '')
    await chmod(join(earlier, 'locked'), 0)
    await using next = await makeWorkFolder(user.root)
    assert.deepEqual(await readdir(user.root), [basename(next.path)])
    if (process.getuid?.() !== 0) return
    const foreign = join(user.root, `${basename(earlier)}-foreign`)
    process.seteuid?.(0)
    await mkdir(join(foreign, 'theirs'), { recursive: true })
    await writeFile(join(foreign, 'theirs', 'file'), '')
    process.seteuid?.(NOBODY)
    await using last = await makeWorkFolder(user.root)
    assert.deepEqual(
      (await readdir(user.root)).toSorted(),
      [next.path, last.path, foreign].map((path) => basename(path)).toSorted(),
    )
  })
})
