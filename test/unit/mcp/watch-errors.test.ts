import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { watchErrors } from '../../../src/mcp/watch-errors.ts'

const KEY = 'sk-abcdefghijklmnopqrstuvwxyz'

/** The lines that are told of what a server writes. */
async function told(chunks: readonly (string | Buffer)[], secrets: readonly string[]): Promise<readonly string[]> {
  const stream = new PassThrough()
  const lines: string[] = []
  watchErrors(stream, { secrets, onLine: (line) => lines.push(line) })
  for (const chunk of chunks) stream.write(chunk)
  const ended = once(stream, 'end')
  stream.end()
  await ended
  return lines
}

describe('the error output of a server of tools', () => {
  it('is told line by line, and of a long line the beginning', async () => {
    assert.deepEqual(await told(['a', 'b\n\nc\n', `${'x'.repeat(600)}\n`], []), ['ab', 'c', 'x'.repeat(500)])
  })

  it('tells no part of a secret: not where a line is cut off, nor where a chunk ends', async () => {
    const [cut = ''] = await told([`${'x'.repeat(490)}${KEY}\n`], [KEY])
    assert.equal(cut, `${'x'.repeat(490)}[hidden]`)
    const umlauts = Buffer.from('key pässwörd\n')
    const cuts = [6, 11].map((at) => [umlauts.subarray(0, at), umlauts.subarray(at)])
    for (const chunks of cuts) assert.deepEqual(await told(chunks, ['pässwörd']), ['key [hidden]'])
  })

  it('tells nothing of a secret that has another one in it, or several lines', async () => {
    assert.deepEqual(await told([`${KEY}\n`], [KEY.slice(0, 10), KEY]), ['[hidden]'])
    const pem = '-----BEGIN-----\nc2VjcmV0\n-----END-----\n'
    assert.deepEqual(await told([pem], [pem]), ['[hidden]', '[hidden]', '[hidden]'])
  })
})
