import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'

const source = (path: string): string => JSON.stringify(new URL(`../../src/gallery/${path}`, import.meta.url).href)

/** 16 blocks of 512 bytes: what a process may write into one file, the last write that still begins in it only in part. */
const ROOM = 8192

/** Runs a module of these lines where the disk ends after `ROOM` bytes, and gives what it prints. */
async function withLittleRoom(lines: readonly string[]): Promise<unknown> {
  const script = ['ulimit -f 16', 'exec "$0" --input-type=module --eval "$1"'].join('; ')
  const { stdout } = await promisify(execFile)('sh', ['-c', script, process.execPath, lines.join('\n')])
  return JSON.parse(stdout)
}

describe('a download to a disk that becomes full in its last write', { skip: process.platform === 'win32' }, () => {
  it('fails, and is not taken for whole', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'local-ai-full-'))
    try {
      const told = await withLittleRoom([
        "import { Readable } from 'node:stream'",
        `import { transfer } from ${source('download/http-transfer.ts')}`,
        `const body = Readable.from([Buffer.alloc(${ROOM}), Buffer.alloc(100)])`,
        `const whole = Readable.from([Buffer.alloc(${ROOM + 100})])`,
        'const told = []',
        'for (const [name, content] of Object.entries({ body, whole })) {',
        "  const response = { status: 200, from: 'http://x', header: () => undefined, body: content }",
        '  const http = { retrying: (work) => work({ progressed() {} }), get: async () => response }',
        `  const request = { url: 'http://x/f', target: ${JSON.stringify(folder)} + '/' + name, file: name, maxBytes: 1e9 }`,
        '  await transfer(http, request, {}).then((done) => told.push(done.bytes), (error) => told.push(error.message))',
        '}',
        'console.log(JSON.stringify(told))',
      ])
      const message = `no space left on the disk of ${folder}`
      assert.deepEqual(told, [message, message])
      assert.deepEqual(
        (await readdir(folder)).filter((name) => !name.includes('.partial')),
        [],
      )
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
