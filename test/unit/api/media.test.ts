import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { baseUrlOf, urlWithoutPrefix } from '../../../src/api/media/base-url.ts'
import { isOn, numberIn } from '../../../src/api/media/form-fields.ts'
import { imageBytes } from '../../../src/api/media/image-bytes.ts'
import { pictureSize } from '../../../src/api/media/picture-size.ts'
import { findWavSamples, wavHead } from '../../../src/api/media/wav.ts'
import { renderTranscript } from '../../../src/api/openai/transcript-formats.ts'
import { AppError } from '../../../src/base/errors.ts'

const isCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code

describe('the address of this API', () => {
  const cases: readonly [headers: Record<string, string>, url: string][] = [
    [{ host: 'here:8080' }, 'http://here:8080/'],
    [{ host: '[::1]:8080' }, 'http://[::1]:8080/'],
    [{ host: 'here', 'x-forwarded-proto': 'https' }, 'https://here/'],
    [{ host: 'here', 'x-forwarded-host': 'outer.example, inner' }, 'http://outer.example/'],
    [{ host: 'here', 'x-forwarded-prefix': '/ai/v2/' }, 'http://here/ai/v2/'],
    [{ host: 'here', 'x-forwarded-prefix': '//evil', 'x-forwarded-proto': 'javascript' }, 'http://here/'],
    [{ host: 'here', 'x-forwarded-host': 'a"><script>' }, 'http://here/'],
    [{}, 'http://localhost/'],
  ]
  for (const [headers, url] of cases) {
    it(`is ${url} for ${JSON.stringify(headers)}`, () => {
      assert.equal(baseUrlOf({ headers, protocol: 'http' }), url)
    })
  }
})

describe('a path behind a prefix', () => {
  it('is what comes after it, where the proxy has not taken it off itself', () => {
    const rows: readonly [prefix: string | undefined, url: string, rest: string][] = [
      [undefined, '/ai/v1/models', '/ai/v1/models'],
      ['/ai', '/ai/v1/models?x=/ai', '/v1/models?x=/ai'],
      ['/ai/', '/ai/v1/models', '/v1/models'],
      ['/ai', '/v1/models', '/v1/models'],
      ['/ai', '/aid/v1', '/aid/v1'],
      ['/ai', '/ai', '/'],
      ['/ai', '/ai?key=1', '/?key=1'],
      ['/ai', '/ai/ai/x', '/ai/x'],
      ['/', '//x', '//x'],
      ['ai', '/ai/x', '/ai/x'],
    ]
    for (const [prefix, url, rest] of rows) {
      const headers = prefix === undefined ? {} : { 'x-forwarded-prefix': prefix }
      assert.equal(urlWithoutPrefix({ url, headers }), rest, `${prefix} ${url}`)
    }
  })
})

describe('a picture in a request', () => {
  it('is base64, or a data URI of it', () => {
    for (const text of ['aGk=', 'data:image/png;base64,aGk=', 'data:;base64,aGk', ' aG\nk= ']) {
      assert.equal(imageBytes(text, 'file').toString(), 'hi', text)
    }
  })

  it('is nothing that this node would have to fetch', () => {
    assert.throws(() => imageBytes('http://127.0.0.1/x', 'file'), isCode('request.unsupported'))
    for (const text of ['file:///etc/passwd', 'a b!', '']) {
      assert.throws(() => imageBytes(text, 'file'), isCode('request.invalid'), text)
    }
  })

  it('has a size, or the usual one', () => {
    const usual = { width: 512, height: 512 }
    for (const text of [undefined, null, '', 'auto', '512']) assert.equal(pictureSize(text, usual), usual)
    assert.deepEqual(pictureSize('640x480', usual), { width: 640, height: 480 })
    for (const text of ['x', '0x5', '5x', '99999x1', '-1x2', '1x2x3', '1.5x2']) {
      assert.throws(() => pictureSize(text, usual), /invalid value for 'size'/, text)
    }
  })
})

describe('fields of a form', () => {
  const rule = { param: 'n', minimum: 1, maximum: 16 }
  it('are numbers when they look like some', () => {
    assert.deepEqual([numberIn(undefined, rule), numberIn('', rule), numberIn('16', rule)], [undefined, undefined, 16])
    assert.equal(numberIn('1.5', { ...rule, whole: false }), 1.5)
    for (const text of ['0', '17', '1.5', 'x', '1e1', ' 1', 'Infinity']) {
      assert.throws(() => numberIn(text, rule), /n must be a whole number from 1 to 16/, text)
    }
  })

  it('are switches', () => {
    assert.deepEqual([undefined, '', 'false', 'False', 'true', '1'].map(isOn), [false, false, false, false, true, true])
  })
})

describe('sounds', () => {
  it('have their samples behind whatever else a WAV file has', () => {
    const head = wavHead(16_000)
    assert.deepEqual(findWavSamples(head), { offset: 44, length: 0xffff_ffff })
    const list = Buffer.from('LIST\x03\0\0\0abc\0', 'latin1')
    const longer = Buffer.concat([head.subarray(0, 36), list, head.subarray(36)])
    assert.equal(findWavSamples(longer)?.offset, 44 + list.length)
    assert.equal(findWavSamples(Buffer.from('ID3 is no WAV')), undefined)
    assert.equal(findWavSamples(head.subarray(0, 40)), undefined)
  })
})

describe('a transcript', () => {
  const segment = { id: 0, start: 3599.9996, end: 7322.5, text: ' a\n\n\nb', tokens: [], words: [], speaker: 'Ann' }
  const transcript = { text: 'a b', segments: [segment], duration: 0 }

  it('counts hours, and has no empty line within a cue', () => {
    assert.equal(renderTranscript(transcript, 'srt'), '1\n01:00:00,000 --> 02:02:02,500\nAnn: a\nb\n\n')
    assert.equal(renderTranscript({ ...transcript, segments: [] }, 'text'), 'a b\n')
  })
})
