import assert from 'node:assert/strict'
import { access, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import { AppError } from '../../../src/base/errors.ts'
import { createContentStore, isContentName } from '../../../src/inference/content/content-store.ts'
import { filesToRemove } from '../../../src/inference/content/retention.ts'
import { poll } from '../../support/poll.ts'

const DAY_MS = 86_400_000
const NOW_MS = 10 * DAY_MS

describe('what is kept', () => {
  const file = (path: string, bytes: number, days: number) => ({ path, bytes, writtenMs: NOW_MS - days * DAY_MS })
  const names = (files: readonly { path: string }[]) => files.map(({ path }) => path)

  it('is young', () => {
    const files = [file('old', 1, 3), file('young', 1, 1)]
    assert.deepEqual(names(filesToRemove(files, { maxAgeMs: 2 * DAY_MS, maxBytes: 100 }, NOW_MS)), ['old'])
  })

  it('is what fits, the newest first', () => {
    const files = [file('a', 40, 3), file('b', 40, 2), file('c', 40, 1), file('d', 10, 4)]
    assert.deepEqual(names(filesToRemove(files, { maxAgeMs: 5 * DAY_MS, maxBytes: 90 }, NOW_MS)), ['a'])
  })
})

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'local-ai-content-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function storeIn(folder: string, maxAgeMs = DAY_MS) {
  return createContentStore(
    {
      log: pino({ level: 'silent' }),
      makeFolder: async (path) => void (await mkdir(path, { recursive: true })),
      home: () => 'abcdef0123',
    },
    {
      contentPath: join(folder, 'content'),
      uploadPath: join(folder, 'upload'),
      retention: { maxAgeMs, maxBytes: 1000 },
      sweepIntervalMs: DAY_MS,
    },
  )
}

describe('a content store', () => {
  it('gives places that nobody can guess, and that tell their node', async () => {
    await inFolder(async (folder) => {
      const store = storeIn(folder)
      const places = await Promise.all([store.newFile('image', 'png'), store.newFile('image', 'png')])
      assert.match(places[0]?.name ?? '', /^image_abcdef0123_[0-9a-f]{32}\.png$/)
      assert.notEqual(places[0]?.name, places[1]?.name)
      assert.equal(places[0]?.path, join(store.folderOf('image'), places[0]?.name ?? ''))
      for (const name of ['../x', 'image_abcdef0123_x.png', `${places[0]?.name}/..`, 'journal']) {
        assert.equal(isContentName(name), false, name)
      }
    })
  })

  it('keeps what was uploaded for as long as it is used', async () => {
    await inFolder(async (folder) => {
      const store = storeIn(folder)
      let path = ''
      {
        await using upload = await store.keepUpload(Buffer.from('sound'), 'wav')
        path = upload.path
        assert.equal(await readFile(path, 'utf8'), 'sound')
      }
      await assert.rejects(access(path))
    })
  })

  it('removes its own old files when it starts, and nobody else has lost one', async () => {
    await inFolder(async (folder) => {
      const store = storeIn(folder)
      const [old, young] = [await store.newFile('video', 'mp4'), await store.newFile('video', 'mp4')]
      const foreign = join(store.folderOf('video'), 'holiday.mp4')
      for (const path of [old.path, young.path, foreign]) await writeFile(path, 'x')
      for (const path of [old.path, foreign]) await utimes(path, 1, 1)
      await store.start()
      try {
        await poll('the old file goes', 5000, async () => (await readdir(store.folderOf('video'))).length === 2)
        assert.deepEqual((await readdir(store.folderOf('video'))).sort(), ['holiday.mp4', young.name].sort())
      } finally {
        await store.stop()
      }
    })
  })

  it('leaves no part of an upload that does not fit on the disk, nor one of a node that was killed', async () => {
    await inFolder(async (folder) => {
      const store = storeIn(folder)
      async function* half() {
        yield Buffer.from('half')
        throw new Error('ENOSPC')
      }
      const refused = store.keepUpload(half() as unknown as Buffer, 'wav')
      await assert.rejects(refused, (error) => error instanceof AppError && error.code === 'content.storage-failed')
      const uploads = async () => await readdir(join(folder, 'upload'))
      assert.deepEqual(await uploads(), [])
      const left = join(folder, 'upload', `upload_${'0'.repeat(32)}.wav`)
      await writeFile(left, 'x')
      await utimes(left, 1, 1)
      await using upload = await store.keepUpload('new', 'wav')
      await store.start()
      try {
        await poll('the old one goes', 5000, async () => (await uploads()).length === 1)
        assert.equal(await readFile(upload.path, 'utf8'), 'new')
      } finally {
        await store.stop()
      }
    })
  })

  it('says so when nothing can be written', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'content'), 'a file, not a folder')
      await assert.rejects(
        storeIn(folder).newFile('image', 'png'),
        (error) => error instanceof AppError && error.code === 'content.storage-failed',
      )
    })
  })
})
