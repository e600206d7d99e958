import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FormFile, parseForm } from '../../../src/api/form-body.ts'
import { AppError } from '../../../src/base/errors.ts'
import { seededRandom } from '../../support/random.ts'

const TYPE = 'multipart/form-data; boundary=XX'

/** Parts as they are on the wire. */
function form(...parts: readonly (readonly [head: string, content: string])[]): Buffer {
  const text = parts.map(([head, content]) => `--XX\r\nContent-Disposition: form-data${head}\r\n\r\n${content}\r\n`)
  return Buffer.from(`${text.join('')}--XX--\r\n`)
}

const field = (name: string, content: string) => [`; name="${name}"`, content] as const
const file = (name: string, filename: string, content: string) =>
  [`; name="${name}"; filename="${filename}"\r\nContent-Type: audio/wav`, content] as const

const invalid = (error: unknown) => error instanceof AppError && error.code === 'request.invalid'

describe('a form', () => {
  it('with too many parts is not read on behind them', async () => {
    const bytes = form(...Array.from({ length: 20_000 }, (_, index) => field(`a${index}`, 'x')))
    let read = 0
    const parsed = parseForm(
      TYPE,
      Object.assign(bytes, {
        subarray(start: number, end: number) {
          read = end
          return Buffer.prototype.subarray.call(bytes, start, end)
        },
      }),
    )
    await assert.rejects(parsed, { code: 'request.invalid', message: /too many/ })
    assert.ok(read < 100_000, `${read} of ${bytes.length}`)
  })

  it('is fields and files by name', async () => {
    const body = await parseForm(
      TYPE,
      form(field('model', 'whisper'), file('file', '../a/b.wav', 'RIFF'), field('e', '')),
    )
    assert.deepEqual(body, {
      model: 'whisper',
      file: { filename: 'b.wav', contentType: 'audio/wav', bytes: Buffer.from('RIFF') },
      e: '',
    })
  })

  it('has lists where a name is there several times, or ends in brackets', async () => {
    const body = await parseForm(TYPE, form(field('g[]', 'word'), field('n', '1'), field('n', '2'), field('i[0]', 'x')))
    assert.deepEqual(body, { g: ['word'], n: ['1', '2'], i: ['x'] })
  })

  it('keeps bytes that look like a boundary, and those of a large file', async () => {
    const content = `${'x'.repeat(3_000_000)}\r\n--XY\r\n--X`
    const body = await parseForm(TYPE, form(file('file', 'f', content)))
    assert.equal((body['file'] as FormFile).bytes.toString(), content)
  })

  it('cannot set a prototype', async () => {
    const body = await parseForm(TYPE, form(field('__proto__', 'x')))
    assert.deepEqual(Object.keys(body), ['__proto__'])
    assert.equal(Object.getPrototypeOf(body), Object.prototype)
  })

  const refused: readonly [name: string, type: string, bytes: Buffer][] = [
    ['nothing', TYPE, Buffer.alloc(0)],
    ['another boundary', 'multipart/form-data; boundary=YY', form(field('a', 'b'))],
    ['no boundary', 'multipart/form-data', form(field('a', 'b'))],
    ['an empty boundary', 'multipart/form-data; boundary=', form(field('a', 'b'))],
    ['a field without a name', TYPE, form(['', 'x'])],
    ['a file without a name', TYPE, form(['; filename="x"', 'x'])],
    ['a field that is too long', TYPE, form(field('a', 'x'.repeat(2_000_000)))],
    ['a name that is too long', TYPE, form(field('a'.repeat(500), 'x'))],
    ['too many fields', TYPE, form(...Array.from({ length: 65 }, (_, index) => field(`f${index}`, 'x')))],
    ['too many files', TYPE, form(...Array.from({ length: 33 }, (_, index) => file(`f${index}`, 'x', 'x')))],
  ]
  for (const [name, type, bytes] of refused) {
    it(`is refused: ${name}`, async () => {
      await assert.rejects(parseForm(type, bytes), invalid)
    })
  }

  it('that is cut off anywhere is refused, or whole', async () => {
    const bytes = form(field('model', 'm'), file('file', 'f.wav', 'RIFFdata'), field('last', 'x'))
    const end = bytes.lastIndexOf('--')
    for (let length = 0; length < end; length += 1) {
      await assert.rejects(parseForm(TYPE, bytes.subarray(0, length)), invalid, `cut at ${length}`)
    }
  })

  it('with a long part that the parser skips is read to its end', async () => {
    const bytes = form(field('model', 'm'), ['\0 name="file"', 'y'.repeat(70_000)])
    assert.deepEqual(await parseForm(TYPE, bytes), { model: 'm' })
  })

  it('of any bytes is parsed or refused, at once', async () => {
    const dice = seededRandom(42)
    const random = (below: number) => Math.floor(dice() * below)
    const whole = form(field('model', 'm'), file('file', 'f.wav', 'RIFFdata'), field('g[]', 'x'), field('g[]', 'y'))
    const pieces = ['\r\n', '--XX', '--', '\r\n\r\n', 'name=', '"', ';', '\0', 'Content-Disposition: form-data']
    for (let round = 0; round < 600; round += 1) {
      const bytes = Buffer.from(whole)
      for (let change = 0; change < 4; change += 1) bytes[random(bytes.length)] = random(256)
      const at = random(bytes.length)
      const piece = Buffer.from(pieces[random(pieces.length)] ?? '')
      const broken = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + random(6))])
      await parseForm(TYPE, broken).catch((error: unknown) => assert.ok(invalid(error), String(error)))
    }
  })
})
