import assert from 'node:assert/strict'
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { createImageTree, type ImageTree } from '../../../../src/gallery/oci/image-tree.ts'
import { makeTar, makeTarGz, type TarMember } from '../../../support/archives.ts'

const text = (path: string, body = path, mode = 0o644): TarMember => ({ path, body: Buffer.from(body), mode })
const folder = (path: string, mode = 0o755): TarMember => ({ path, type: 'Directory', mode })
const link = (path: string, linkpath: string): TarMember => ({ path, type: 'SymbolicLink', linkpath })
const hard = (path: string, linkpath: string): TarMember => ({ path, type: 'Link', linkpath })
const layer = (...members: readonly TarMember[]): readonly TarMember[] => members

interface Bench extends AsyncDisposable {
  readonly root: string
  readonly tree: ImageTree
  /** Lays archives over each other, and looks at the links as an install does. */
  lay(...layers: readonly (readonly TarMember[] | Buffer)[]): Promise<void>
  /** Paths of everything but folders, sorted; links with an arrow. */
  names(): Promise<string[]>
  read(path: string): Promise<string>
}

async function bench(limits = { maxBytes: 100_000, maxEntries: 100 }): Promise<Bench> {
  const place = await mkdtemp(join(tmpdir(), 'local-ai-tree-'))
  const root = join(place, 'root')
  await mkdir(root)
  await writeFile(join(place, 'outside'), 'outside')
  const tree = createImageTree(root, limits)
  return {
    root,
    tree,
    async lay(...layers) {
      for (const members of layers) {
        const archive = join(place, 'layer')
        await writeFile(archive, Buffer.isBuffer(members) ? members : makeTarGz(members))
        await tree.addLayer(archive, {})
      }
      await tree.checkLinks()
      assert.equal(await readFile(join(place, 'outside'), 'utf8'), 'outside')
      assert.deepEqual((await readdir(place)).toSorted(), ['layer', 'outside', 'root'])
    },
    async names() {
      const found = []
      for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
        const path = relative(root, join(entry.parentPath, entry.name))
        if (entry.isSymbolicLink()) found.push(`${path} -> ${await readlink(join(root, path))}`)
        else if (!entry.isDirectory()) found.push(path)
      }
      return found.toSorted()
    },
    read: (path) => readFile(join(root, path), 'utf8'),
    [Symbol.asyncDispose]: () => rm(place, { recursive: true, force: true }),
  }
}

describe('layers', () => {
  it('are laid over each other, whatever they are compressed with', async () => {
    await using at = await bench()
    await at.lay(
      layer(folder('bin/'), text('bin/a', 'old'), text('b')),
      makeTar([text('bin/a', 'new', 0o755)]),
      zstdCompressSync(makeTar([text('./deep/er/c')])),
      gzipSync(Buffer.alloc(1024)),
    )
    assert.deepEqual(await at.names(), ['b', 'bin/a', 'deep/er/c'])
    assert.equal(await at.read('bin/a'), 'new')
    assert.equal((await stat(join(at.root, 'bin/a'))).mode & 0o777, 0o755)
  })

  it('bring contents of any size whole', async () => {
    await using at = await bench({ maxBytes: 10_000_000, maxEntries: 100 })
    const bodies = [0, 1, 511, 512, 513, 65_536, 3_000_001].map((size) => Buffer.alloc(size, `${size} `))
    await at.lay(bodies.map((body, index) => ({ path: `f${index}`, body })))
    for (const [index, body] of bodies.entries()) {
      assert.ok((await readFile(join(at.root, `f${index}`))).equals(body), `f${index}`)
    }
  })

  it('take away what lower ones have, and nothing of their own', async () => {
    await using at = await bench()
    await at.lay(
      layer(text('a'), text('d/x'), text('d/y'), text('e/x'), text('e/sub/y'), text('f/x')),
      layer(text('.wh.a', ''), text('d/.wh.x', ''), text('e/new'), text('e/.wh..wh..opq', ''), text('.wh.none', '')),
      layer(text('f', 'a file now'), text('d/own'), text('.wh.d', '')),
    )
    assert.deepEqual(await at.names(), ['d/own', 'e/new', 'f'])
  })

  it('put files, folders and links in place of each other', async () => {
    await using at = await bench()
    await at.lay(
      layer(text('a/x'), text('b'), link('c', 'b'), link('d', 'a')),
      layer(text('a'), folder('b/'), text('b/x'), text('c', 'no link'), folder('d/')),
    )
    assert.deepEqual(await at.names(), ['a', 'b/x', 'c'])
    assert.ok((await lstat(join(at.root, 'd'))).isDirectory())
  })

  it('are written through links that stay inside', async () => {
    await using at = await bench()
    await at.lay(layer(folder('usr/lib/'), link('lib', 'usr/lib')), layer(text('lib/x.so'), text('lib/sub/y.so')))
    assert.deepEqual(await at.names(), ['lib -> usr/lib', 'usr/lib/sub/y.so', 'usr/lib/x.so'])
  })

  it('have links from their own root, wherever their folder is', async () => {
    await using at = await bench()
    await at.lay(
      layer(text('usr/bin/python'), link('a/python', '/usr/bin/python'), link('top', '/'), link('up', '/../b')),
    )
    assert.deepEqual((await at.names()).slice(0, 3), ['a/python -> ../usr/bin/python', 'top -> .', 'up -> b'])
    assert.equal(await at.read('a/python'), 'usr/bin/python')
    await using moved = await bench()
    await moved.lay(layer(text('x'), folder('one/two/'), link('s', 'one/two'), link('s/l', '/x')))
    assert.equal(await moved.read('one/two/l'), 'x')
  })

  it('have hard links to files that are there, which later layers do not change', async () => {
    await using at = await bench()
    await at.lay(layer(text('a'), hard('b/c', 'a')), layer(hard('d', './b/c'), text('a', 'changed')))
    assert.deepEqual([await at.read('a'), await at.read('b/c'), await at.read('d')], ['changed', 'a', 'a'])
  })

  const escapes: readonly (readonly [string, ...(readonly TarMember[])[]])[] = [
    ['a path that leaves', layer(text('../evil'))],
    ['an absolute path', layer(text('/tmp/evil'))],
    ['a link that leaves', layer(link('a', '../outside'))],
    ['a link that leaves through a folder', layer(folder('d/'), link('d/a', '../../outside'))],
    ['a link that leaves through another', layer(link('a/b/up', '..'), link('a/b/y', 'up/../..'))],
    ['a link that leaves and leads nowhere', layer(link('a', 'none/../../none'))],
    ['a file through a link that leaves', layer(link('a', '..')), layer(text('a/evil'))],
    ['a file through two links', layer(link('up', 'd/..'), link('d', '..')), layer(text('up/evil'))],
    ['a folder through a link that leaves', layer(link('a', '..')), layer(folder('a/b/'))],
    ['a hard link that leaves', layer(hard('a', '../outside'))],
    ['a hard link through a link that leaves', layer(link('a', '..'), hard('b', 'a/outside'))],
    ['a hard link to a link', layer(link('a', 'b'), text('b'), hard('c', 'a'))],
    ['a hard link to a folder', layer(folder('d/'), hard('c', 'd'))],
    ['a hard link to nothing', layer(hard('c', 'none'))],
    ['a removal through a link that leaves', layer(link('a', '..')), layer(text('a/.wh.outside', ''))],
    ['an emptying through a link that leaves', layer(link('a', '../..')), layer(text('a/root/.wh..wh..opq', ''))],
    ['a device', layer({ path: 'null', type: 'CharacterDevice' })],
    ['a pipe', layer({ path: 'p', type: 'FIFO' })],
    ['a way through a file', layer(text('a')), layer(text('a/b'))],
    ['a way through links without end', layer(link('a', 'b'), link('b', 'a')), layer(text('a/x'))],
    ['too many entries', Array.from({ length: 101 }, (_, index) => text(`f${index}`))],
    [
      'too many bytes',
      layer({ path: 'a', body: Buffer.alloc(60_000) }),
      layer({ path: 'b', body: Buffer.alloc(60_000) }),
    ],
  ]
  for (const [what, ...layers] of escapes) {
    it(`are refused for ${what}`, async () => {
      await using at = await bench()
      await assert.rejects(at.lay(...layers), { code: 'download.refused' })
      const names = await readdir(join(at.root, '..'))
      assert.deepEqual(names.toSorted(), ['layer', 'outside', 'root'])
    })
  }

  it('that empty a folder through a link touch nothing outside', async () => {
    await using at = await bench()
    await symlink('..', join(at.root, 'up'))
    await assert.rejects(at.lay(layer(text('up/root/.wh.x', ''))), { code: 'download.refused' })
    assert.deepEqual(await at.names(), ['up -> ..'])
  })

  it('that are broken are an error with a reason', async () => {
    const whole = makeTarGz([{ path: 'a', body: Buffer.alloc(50_000, 'x') }, text('b')])
    const tar = makeTar([{ path: 'a', body: Buffer.alloc(50_000, 'x') }])
    for (const bytes of [whole.subarray(0, whole.length / 2), tar.subarray(0, 20_000), Buffer.alloc(5000, 'x')]) {
      await using at = await bench()
      await assert.rejects(at.lay(bytes), {
        code: 'download.failed',
        message: /a layer of the image cannot be unpacked: /,
      })
    }
  })

  it('stop when they are told to', async () => {
    await using at = await bench({ maxBytes: 10_000_000, maxEntries: 100 })
    const archive = join(at.root, '..', 'layer')
    await writeFile(archive, makeTar([{ path: 'a', body: Buffer.alloc(5_000_000) }, text('b')]))
    const reason = new Error('enough')
    await assert.rejects(at.tree.addLayer(archive, { signal: AbortSignal.abort(reason) }), reason)
    const stop = new AbortController()
    const adding = at.tree.addLayer(archive, { signal: stop.signal })
    setImmediate(() => stop.abort(reason))
    await assert.rejects(adding, reason)
  })
})

describe('single files', () => {
  it('are laid into the tree under their names', async () => {
    await using at = await bench()
    await at.lay(layer(text('a/x', 'old')))
    const from = join(at.root, '..', 'outside')
    await at.tree.addFile('a/x', from)
    await at.tree.addFile('b/y', from)
    assert.deepEqual([await at.read('a/x'), await at.read('b/y')], ['outside', 'outside'])
  })
})
