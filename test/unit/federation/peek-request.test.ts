import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { topLevelText } from '../../../src/federation/peek-json.ts'
import { peekRequest } from '../../../src/federation/peek-request.ts'
import { seededRandom } from '../../support/random.ts'

const CHAT = '/v1/chat/completions'

function peekJson(text: string | Buffer, target = CHAT): string | undefined {
  return peekRequest({ target, contentType: 'application/json', body: Buffer.from(text as string) })
}

/** What `JSON.parse` finds under `model`, in the terms of `topLevelText`. */
function byParsing(text: string): { readonly valid: boolean; readonly model: string | undefined } {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    const model: unknown = isObject ? Reflect.get(value, 'model') : undefined
    return { valid: true, model: typeof model === 'string' ? model : undefined }
  } catch {
    return { valid: false, model: undefined }
  }
}

/** JSON text as no serialiser writes it: odd space, escapes where none are needed, keys more than once. */
function createJsonWriter(random: () => number) {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const space = (): string => pick(['', '', '', ' ', '\n', '\t \r\n'])
  const unit = (): string => {
    const letter = pick([...'model_id"\\/aé€\u0001\u2028', '😀', '\ud800', '\udc00', '\0'])
    if (letter === '\ud800' || letter === '\udc00' || letter < ' ' || random() < 0.3) {
      return [...letter].map((one) => escapeUnits(one, random)).join('')
    }
    return letter === '"' || letter === '\\' ? `\\${letter}` : letter
  }
  const string = (): string => `"${Array.from({ length: Math.floor(random() * 9) }, unit).join('')}"`
  const name = (): string =>
    pick([
      ...Array.from({ length: 8 }, () => '"model"'),
      '"m\\u006fdel"',
      '"\\u006D\\u006f\\u0064\\u0065\\u006c"',
      '"model "',
      '"Model"',
      '"mode"',
      '"\\model"',
      '"model\\u0000"',
      '"messages"',
      string(),
    ])
  const scalar = (): string =>
    pick([
      'true',
      'false',
      'null',
      '0',
      '-0.5e+7',
      '12',
      '1E5',
      '01',
      '1.',
      '-',
      'nul',
      '+1',
      '"open',
      ...Array.from({ length: 12 }, string),
    ])
  function value(depth: number): string {
    if (depth === 0 || random() < 0.5) return scalar()
    return random() < 0.5 ? object(depth - 1) : array(depth - 1)
  }
  const list = (write: () => string, open: string, close: string): string =>
    `${open}${space()}${Array.from({ length: Math.floor(random() * 4) }, write).join(`${space()},${space()}`)}${space()}${close}`
  const array = (depth: number): string => list(() => value(depth), '[', ']')
  const object = (depth: number): string => list(() => `${name()}${space()}:${space()}${value(depth)}`, '{', '}')
  return { document: (): string => `${space()}${object(3)}${space()}` }
}

function escapeUnits(letter: string, random: () => number): string {
  const units = Array.from({ length: letter.length }, (_, at) => letter.charCodeAt(at).toString(16).padStart(4, '0'))
  return units.map((hex) => `\\u${random() < 0.5 ? hex : hex.toUpperCase()}`).join('')
}

/** Takes out of every string what the scanner does not look at. */
function withoutStringFaults(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\[\s\S])*"/g, (string) =>
    [
      ...string.replaceAll(/\\(?:u[0-9a-fA-F]{4}|[\s\S])/g, (sequence) =>
        /^\\(?:u.{4}|["\\/bfnrt])$/.test(sequence) ? sequence : 'xx',
      ),
    ]
      .map((character) => (character < ' ' ? 'x' : character))
      .join(''),
  )
}

describe('the model in a JSON body', () => {
  test('finds what JSON.parse finds, in thousands of documents', () => {
    const random = seededRandom(20)
    const { document } = createJsonWriter(random)
    const seen = { valid: 0, found: 0, malformed: 0 }
    for (let round = 0; round < 4000; round += 1) {
      const text = document()
      const expected = byParsing(text)
      seen.valid += Number(expected.valid)
      seen.found += Number(expected.model !== undefined)
      seen.malformed += Number(!expected.valid)
      const found = topLevelText(Buffer.from(text), 'model')
      // A fault inside of a string is the only one that may be passed over.
      if (expected.valid || found === undefined) assert.equal(found, expected.model, JSON.stringify(text))
      else assert.ok(byParsing(withoutStringFaults(text)).valid, JSON.stringify(text))
    }
    assert.ok(seen.valid > 1000 && seen.found > 200 && seen.malformed > 400, JSON.stringify(seen))
  })

  test('a body that was cut or damaged anywhere names nothing that is not in it', () => {
    const random = seededRandom(7)
    const { document } = createJsonWriter(random)
    let damaged = 0
    for (let round = 0; round < 2000; round += 1) {
      const bytes = Buffer.from(document().trimEnd())
      const at = Math.floor(random() * bytes.length)
      assert.equal(topLevelText(bytes.subarray(0, at), 'model'), undefined)
      bytes[at] = Math.floor(random() * 256)
      const text = bytes.toString()
      const found = topLevelText(bytes, 'model')
      const expected = byParsing(text)
      damaged += Number(!expected.valid)
      if (expected.valid || found === undefined) assert.equal(found, expected.model, JSON.stringify(text))
      else assert.ok(byParsing(withoutStringFaults(text)).valid, JSON.stringify(text))
    }
    assert.ok(damaged > 500)
  })

  test('a model inside of something else is not the model', () => {
    assert.equal(peekJson('{"messages":[{"model":"inner"}],"tools":{"model":"other"}}'), undefined)
    assert.equal(peekJson('{"a":"\\"model\\":\\"x\\"","model":"y","b":{"model":"z"}}'), 'y')
    assert.equal(peekJson('[{"model":"x"}]'), undefined)
    assert.equal(peekJson('"model"'), undefined)
  })

  test('of several the last counts, whatever its type', () => {
    assert.equal(peekJson('{"model":"a","model":"b"}'), 'b')
    assert.equal(peekJson('{"model":"a","m\\u006fdel":"b"}'), 'b')
    assert.equal(peekJson('{"model":"a","model":5}'), undefined)
  })

  test('an empty name is none, a byte order mark is none of the text', () => {
    assert.equal(peekJson('{"model":""}'), undefined)
    assert.equal(peekJson('\ufeff{"model":"x"}'), 'x')
  })

  test('hostile bodies name nothing and throw nothing', () => {
    const megabyte = 1024 * 1024
    const hostile: Record<string, string | Buffer> = {
      'a million brackets': '['.repeat(megabyte),
      'a million objects': `${'{"a":'.repeat(megabyte / 4)}1`,
      'too deep': `{"a":${'['.repeat(128)}${']'.repeat(128)},"model":"x"}`,
      'a key of a megabyte': `{"${'model'.repeat(megabyte / 5)}":"x"}`,
      'a name of a megabyte': `{"model":"${'x'.repeat(megabyte)}"}`,
      'backslashes only': `{"model":"${'\\'.repeat(megabyte)}`,
      'quotes and backslashes': `{"a":"${'\\"'.repeat(megabyte)}`,
      'far escaped quotes': `{"model":"x","a":"${`${'a'.repeat(300)}\\"`.repeat(3000)}`,
      'random bytes': Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7919) % 256)),
      nothing: '',
      'NUL behind the end': '{"model":"x"}\0',
      'text behind the end': '{"model":"x"}{}',
      'a comma too many': '{"model":"x",}',
      'a raw line end in the name': '{"model":"a\nb"}',
      compressed: Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0x56]),
    }
    for (const [what, body] of Object.entries(hostile)) assert.equal(peekJson(body), undefined, what)
  })

  test('large and odd but honest bodies are read', () => {
    const image = `${'A'.repeat(1024 * 1024)}\\\\${'A'.repeat(255)}\\"${'A'.repeat(256)}\\\\`
    assert.equal(peekJson(`{"messages":["${image}"],"model":"behind"}`), 'behind')
    assert.equal(peekJson(`{"a":${'['.repeat(127)}${']'.repeat(127)},"model":"deep"}`), 'deep')
    assert.equal(peekJson('{"model":"\\ud800\\u0000é😀"}'), '\ud800\0é😀')
    assert.equal(peekJson(`{"model":"${'\\u0061'.repeat(1024)}"}`), 'a'.repeat(1024))
    assert.equal(peekJson(`{"model":"${'a'.repeat(1025)}"}`), undefined)
  })

  test('bytes that are a part of a larger buffer are read where they are', () => {
    const whole = Buffer.from('{"model":"no"}{"model":"yes"}')
    const body = new Uint8Array(whole.buffer, whole.byteOffset + 14, 15)
    assert.equal(peekRequest({ target: CHAT, contentType: undefined, body }), 'yes')
  })
})

describe('the model in path and query', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['/v1/engines/gpt/completions', 'gpt'],
    ['/v1/engines/gpt/embeddings/?a=b', 'gpt'],
    ['/v1/engines/a%2Fb%20c/completions', 'a/b c'],
    ['/v1/engines/%E0%A4%A/completions', undefined],
    ['/v1/engines/a/b/completions', undefined],
    ['/v1/engines//completions', undefined],
    ['/tts?model=piper', 'piper'],
    ['/v1/audio/speech?x=1&model=a%2Fb+c', 'a/b c'],
    ['/v1/audio/speech?%6dodel=hidden', 'hidden'],
    ['/v1/audio/speech?model=', undefined],
    ['/v1/audio/speech?models=x', undefined],
    ['/v1/models/capabilities', undefined],
    [`/tts?model=${'x'.repeat(1025)}`, undefined],
    ['?model=odd', 'odd'],
    ['', undefined],
  ]
  for (const [target, expected] of cases) {
    test(`${target.slice(0, 50)} names ${expected ?? 'none'}`, () => {
      assert.equal(peekRequest({ target, contentType: undefined, body: undefined }), expected)
    })
  }

  test('the body goes before the path, the path before the query', () => {
    const target = '/v1/engines/path/completions?model=query'
    assert.equal(peekJson('{"model":"body"}', target), 'body')
    assert.equal(peekJson('{"model":""}', target), 'path')
    assert.equal(peekJson('{', '/v1/completions?model=query'), 'query')
  })

  test("ElevenLabs' routes name it model_id", () => {
    for (const target of ['/v1/text-to-speech/alloy', '/v1/sound-generation', '/v1/text-to-speech/x?a=b']) {
      assert.equal(peekJson('{"model":"no","model_id":"piper"}', target), 'piper')
    }
    assert.equal(peekJson('{"model_id":"no"}', '/v1/audio/speech'), undefined)
  })
})

describe('the model in a form', () => {
  const AUDIO = Buffer.from([0xff, 0xfe, 0x0d, 0x0a, 0x2d, 0x2d, 0x58, 0, 1, 2])
  const part = (head: string, value: string | Buffer): Buffer =>
    Buffer.concat([Buffer.from(`--X\r\n${head}\r\n\r\n`), Buffer.from(value as string), Buffer.from('\r\n')])
  const form = (...parts: readonly Buffer[]): Buffer => Buffer.concat([...parts, Buffer.from('--X--\r\n')])
  const file = part('Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav', AUDIO)
  const model = (value: string | Buffer): Buffer => part('Content-Disposition: form-data; name="model"', value)
  const peekForm = (body: Buffer, contentType = 'multipart/form-data; boundary=X'): string | undefined =>
    peekRequest({ target: '/v1/audio/transcriptions', contentType, body })

  test('is found before and behind the file', () => {
    assert.equal(peekForm(form(file, model('whisper'))), 'whisper')
    assert.equal(peekForm(form(model('whisper'), file)), 'whisper')
    assert.equal(peekForm(form(part('content-disposition:form-data;name=model', 'whisper ü'))), 'whisper ü')
  })

  test('the boundary is read as RFC 2046 writes it', () => {
    for (const contentType of [
      'multipart/form-data; boundary="X"',
      'Multipart/Form-Data;charset=utf-8; Boundary=X; a=b',
      'multipart/form-data;boundary=X',
    ]) {
      assert.equal(peekForm(form(model('whisper')), contentType), 'whisper', contentType)
    }
    for (const contentType of [
      'multipart/form-data',
      'multipart/mixed; boundary=X',
      'multipart/form-data; boundary=""',
    ]) {
      assert.equal(peekForm(form(model('whisper')), contentType), undefined, contentType)
    }
  })

  test('text before the first part is stepped over', () => {
    assert.equal(peekForm(Buffer.concat([Buffer.from('preamble\r\n'), form(model('whisper'))])), 'whisper')
  })

  test('the first field counts, and files never do', () => {
    assert.equal(peekForm(form(model('a'), model('b'))), 'a')
    assert.equal(
      peekForm(form(part('Content-Disposition: form-data; name="model"; filename="m"', 'no'), model('b'))),
      'b',
    )
    assert.equal(peekForm(form(part('Content-Disposition: form-data; filename="model"', 'no'))), undefined)
    assert.equal(peekForm(form(part('Content-Disposition: form-data; name="submodel"', 'no'))), undefined)
    assert.equal(peekForm(form(model(''))), undefined)
  })

  test('a file that holds a whole form is a file', () => {
    const inner = form(model('inner'))
    const outer = Buffer.from(inner.toString('latin1').replaceAll('--X', '--Y'), 'latin1')
    const hidden = part('Content-Disposition: form-data; name="file"; filename="f"', outer)
    assert.equal(peekForm(form(hidden, model('outer'))), 'outer')
    assert.equal(peekForm(form(hidden)), undefined)
  })

  test('broken and hostile forms name nothing', () => {
    const whole = form(file, model('whisper'))
    for (let end = 0; end < whole.indexOf('whisper') + 'whisper'.length; end += 1) {
      assert.equal(peekForm(whole.subarray(0, end)), undefined, `cut after ${end} bytes`)
    }
    const hostile: Record<string, Buffer> = {
      'boundaries only': Buffer.from('\r\n--X'.repeat(100_000)),
      'too many parts': form(...Array.from({ length: 257 }, () => part('a: b', '')), model('late')),
      'an endless head': Buffer.from(`--X\r\n${'a'.repeat(1024 * 1024)}\r\n\r\nx\r\n--X--`),
      'a long value': form(model('x'.repeat(5000))),
    }
    for (const [what, body] of Object.entries(hostile)) assert.equal(peekForm(body), undefined, what)
    const periodic = Buffer.alloc(1024 * 1024, 0x61)
    assert.equal(peekForm(periodic, `multipart/form-data; boundary=${'a'.repeat(70)}`), undefined)
  })
})
