import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { generateToken } from '../../../src/p2p/token/generate-token.ts'
import { networkIdOf } from '../../../src/p2p/token/network-id.ts'
import type { NetworkToken } from '../../../src/p2p/token/network-token.ts'
import { formatToken, parseToken } from '../../../src/p2p/token/parse-token.ts'
import { plainTokenText } from '../../../src/p2p/token/token-text.ts'
import { seededRandom } from '../../support/random.ts'

/** As edgevpn writes it. */
const LOCALAI_TOKEN =
  'b3RwOgogIGRodDoKICAgIGludGVydmFsOiAzNjAKICAgIGtleTogRERERERERERERERERERERERERERERERERERERERERERERERERERERERERAogICAgbGVuZ3RoOiA0MwogIGNyeXB0bzoKICAgIGludGVydmFsOiA5MDAwCiAgICBrZXk6IENDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0MKICAgIGxlbmd0aDogNDMKcm9vbTogUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUgpyZW5kZXp2b3VzOiBWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWCm1kbnM6IE1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU0KbWF4X21lc3NhZ2Vfc2l6ZTogMjA5NzE1MjAK'
const LOCALAI: NetworkToken = {
  dht: { key: 'D'.repeat(43), intervalSeconds: 360, length: 43 },
  crypto: { key: 'C'.repeat(43), intervalSeconds: 9000, length: 43 },
  room: 'R'.repeat(43),
  rendezvous: 'V'.repeat(43),
  mdns: 'M'.repeat(43),
  maxMessageSizeBytes: 20971520,
}
const OWNER_KEY = Buffer.concat([Buffer.from([8, 1, 18, 32]), Buffer.alloc(32, 7)]).toString('base64url')
const yamlOf = (token: string): string => Buffer.from(token, 'base64').toString('utf8')
const encode = (yaml: string): string => Buffer.from(yaml).toString('base64')
const YAML = yamlOf(LOCALAI_TOKEN)
/** The token with one line of its YAML written anew. */
const withLine = (from: string | RegExp, to: string): string => {
  assert.match(YAML, new RegExp(from))
  return encode(YAML.replace(from, to))
}
const problemOf = (text: string): string => {
  try {
    parseToken(text)
  } catch (error) {
    assert.ok(error instanceof AppError, String(error))
    assert.equal(error.code, 'token.invalid')
    assert.equal(error.cause, undefined, 'a cause could quote the token')
    return error.message
  }
  return assert.fail('it was taken')
}

describe('a token of LocalAI', () => {
  it('is read, and written again byte for byte', () => {
    assert.deepEqual(parseToken(LOCALAI_TOKEN), LOCALAI)
    assert.equal(formatToken(LOCALAI), LOCALAI_TOKEN)
  })
  it('may be wrapped, surrounded by white space, URL-safe or without padding', () => {
    const wrapped = `\n\t ${LOCALAI_TOKEN.replace(/.{76}/g, '$&\r\n')} \n`
    assert.deepEqual(parseToken(wrapped), LOCALAI)
    assert.equal(plainTokenText(wrapped), LOCALAI_TOKEN)
    const yaml = `${YAML}x: "ÿ>?~~~"\n`
    const urlSafe = Buffer.from(yaml).toString('base64url')
    assert.match(urlSafe, /[-_]/)
    assert.deepEqual(parseToken(urlSafe), LOCALAI)
    assert.equal(plainTokenText(urlSafe), encode(yaml), 'unknown keys are kept')
  })
  it('keeps the source text of what looks like a number or a boolean', () => {
    for (const text of ['12345', '1e3', '0x10', '007', 'true', 'null', '~', '1.50', '2001-01-01']) {
      assert.equal(parseToken(withLine(/room: .*/, `room: ${text}`)).room, text)
    }
  })
  it('may have its keys in any order, unknown ones, equal ones, comments and flow style', () => {
    const yaml = `# mine\n---\nroom: first\nextra: {a: [1, 2]}\nmdns: m\nroom: second\nmax_message_size: 65536
otp: {crypto: {key: 'c', length: 44, interval: 1}, dht: {key: "d", interval: 2, length: 1}}\n...\n`
    assert.deepEqual(parseToken(encode(yaml)), {
      dht: { key: 'd', intervalSeconds: 2, length: 1 },
      crypto: { key: 'c', intervalSeconds: 1, length: 44 },
      room: 'second',
      rendezvous: '',
      mdns: 'm',
      maxMessageSizeBytes: 65536,
    })
  })
  it('may leave the key of the DHT empty when it has a rendezvous', () => {
    assert.equal(parseToken(withLine(/key: D+/, 'key: ""')).dht.key, '')
  })
})

describe('a token of ours', () => {
  it('carries a network id and an owner at the top level', () => {
    const token = { ...LOCALAI, networkId: '0123456789abcdef'.repeat(2), ownerKey: OWNER_KEY }
    assert.deepEqual(parseToken(formatToken(token)), token)
    assert.equal(
      yamlOf(formatToken(token)),
      `${YAML}network_id: 0123456789abcdef0123456789abcdef\nowner_key: ${OWNER_KEY}\n`,
    )
  })
  it('comes back from its text, whatever its texts are', () => {
    const random = seededRandom(7)
    const strange = [
      '"',
      "'",
      '\\',
      '\n',
      '\r\n',
      ' ',
      '\t',
      ':',
      '#',
      '-',
      '&a',
      '*a',
      '!!x',
      '\u0000',
      '\u0085',
      '\u2028',
    ]
    const alphabet = [
      ...strange,
      'ü',
      '漢',
      '😀',
      '{',
      '[',
      '%',
      '@',
      '`',
      '0',
      '1e3',
      'null',
      'a',
      'Z',
      '<<',
      '|',
      '>',
    ]
    const text = (): string =>
      `${Array.from({ length: 1 + random() * 60 }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')}`
    for (let round = 0; round < 500; round += 1) {
      const token: NetworkToken = {
        dht: { key: text(), intervalSeconds: 1 + Math.floor(random() * 1e6), length: 1 + Math.floor(random() * 44) },
        crypto: { key: text(), intervalSeconds: 1 + Math.floor(random() * 1e6), length: 1 + Math.floor(random() * 44) },
        room: text(),
        rendezvous: text(),
        mdns: text(),
        maxMessageSizeBytes: 65536 + Math.floor(random() * 1e6),
      }
      assert.deepEqual(parseToken(formatToken(token)), token)
    }
  })
})

describe('a token that is wrong', () => {
  const wrong: Readonly<Record<string, readonly [text: string, says: RegExp]>> = {
    empty: [' \n', /is empty/],
    'too long': ['A'.repeat(64 * 1024 + 1), /longer than 65536/],
    'in quotation marks': [`"${LOCALAI_TOKEN}"`, /quotation marks/],
    'an export': [`export TOKEN="${LOCALAI_TOKEN}"`, /name of a variable/],
    'an assignment': [`P2P_TOKEN=${LOCALAI_TOKEN}`, /name of a variable/],
    'an option': [`--p2ptoken ${LOCALAI_TOKEN}`, /name of an option/],
    'a variable': ['$' + '{TOKEN}', /did not replace/],
    'an absolute path': ['/etc/local-ai/token', /--p2p-token-file/],
    'a home path': ['~/token', /--p2p-token-file/],
    'a relative path': ['../token', /--p2p-token-file/],
    'a path of Windows': ['C:\\token', /--p2p-token-file/],
    'a file name': ['token.txt', /--p2p-token-file/],
    'an address': ['https://example.com/token', /is an address/],
    'YAML without base64': [YAML, /not encoded in base64/],
    'two words': [`${LOCALAI_TOKEN.slice(0, 40)} ${LOCALAI_TOKEN.slice(40)}`, /spaces inside/],
    'strange characters': [`${LOCALAI_TOKEN.slice(0, 40)}*${LOCALAI_TOKEN.slice(41)}`, /characters that base64/],
    'an umlaut': [`${LOCALAI_TOKEN}ü`, /characters that base64/],
    'half a digit': [LOCALAI_TOKEN.replace(/=*$/, '').slice(0, 401), /not whole base64/],
    'half a padding': ['QUJDRA=', /not whole base64/],
    'padding inside': [`${LOCALAI_TOKEN}=${LOCALAI_TOKEN}`, /characters that base64|not whole/],
    bytes: [Buffer.from([0x80, 0xfe, 0x00]).toString('base64'), /does not hold text/],
    'bad YAML': [encode('room: "a\nb: [}'), /does not hold YAML/],
    'a word': [encode('hello'), /does not hold a YAML map/],
    'a list': [encode('- a\n- b\n'), /does not hold a YAML map/],
    'an empty document': [encode('# nothing\n'), /otp\.dht\.interval is missing/],
    'an alias': [encode(`a: &a x\n${YAML}b: *a\n`), /anchor or an alias/],
    'an anchor': [withLine(/room: .*/, 'room: &r abc'), /anchor or an alias/],
    'a bomb': [encode(`a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n${YAML}`), /anchor or an alias/],
    'deep flow': [encode('['.repeat(40_000)), /nested too deeply/],
    'deep maps': [encode('{a: '.repeat(10_000)), /nested too deeply/],
    'deep lists': [encode('- '.repeat(20_000)), /nested too deeply/],
    'deep keys': [encode('? '.repeat(20_000)), /nested too deeply/],
    'a truncated end': [encode(YAML.slice(0, YAML.indexOf('mdns'))), /max_message_size is missing; .*cut off/],
    'no key': [withLine(/ {4}key: C+\n/, ''), /otp\.crypto\.key is missing/],
    'no way to meet': [encode(YAML.replace(/key: D+/, 'key:').replace(/rendezvous.*/, '')), /otp\.dht\.key is missing/],
    'dots instead of levels': [
      encode(`otp.dht.key: x\n${YAML.replace(/^otp/, 'otq')}`),
      /otp\.dht\.interval is missing/,
    ],
    'a scalar instead of levels': [encode(`${YAML}otp: x\n`), /otp\.dht\.interval is missing/],
    'an empty room': [withLine(/room: .*/, 'room: ""'), /room is missing/],
    'a list for a text': [withLine(/room: .*/, 'room: [a]'), /room must be a text/],
    'a map for a text': [withLine(/mdns: .*/, 'mdns: {a: b}'), /mdns must be a text/],
    'half a character': [withLine(/room: .*/, 'room: "\\ud800"'), /room must be a text/],
    'interval 0': [withLine('interval: 9000', 'interval: 0'), /otp\.crypto\.interval must be a whole number from 1/],
    'a negative interval': [withLine('interval: 360', 'interval: -360'), /otp\.dht\.interval must be/],
    'an endless interval': [withLine('interval: 360', 'interval: 2147483648'), /otp\.dht\.interval must be/],
    'a quoted number': [withLine('interval: 360', 'interval: "360"'), /otp\.dht\.interval must be/],
    'an octal number': [withLine('interval: 360', 'interval: 0360'), /otp\.dht\.interval must be/],
    'a fraction': [withLine('interval: 360', 'interval: 3.5'), /otp\.dht\.interval must be/],
    'an exponent': [withLine('interval: 360', 'interval: 1e3'), /otp\.dht\.interval must be/],
    'a list for a number': [withLine('interval: 360', 'interval: [360]'), /otp\.dht\.interval must be/],
    'length 0': [withLine('length: 43', 'length: 0'), /otp\.dht\.length must be a whole number from 1 to 44/],
    'length 45': [withLine(/length: 43\nroom/, 'length: 45\nroom'), /otp\.crypto\.length must be/],
    'small messages': [withLine('20971520', '65535'), /max_message_size must be/],
    'a bad network id': [encode(`${YAML}network_id: ABC\n`), /network_id must be/],
    'a long network id': [encode(`${YAML}network_id: ${'a'.repeat(33)}\n`), /network_id must be/],
    'a bad owner': [encode(`${YAML}owner_key: abc\n`), /owner_key must be/],
    'an owner with another kind of key': [encode(`${YAML}owner_key: CAI${OWNER_KEY.slice(3)}\n`), /owner_key must be/],
  }
  for (const [name, [text, says]] of Object.entries(wrong)) {
    it(`${name}: is refused in one sentence`, () => {
      const problem = problemOf(text)
      assert.match(problem, says)
      assert.doesNotMatch(problem, /\n|\. [A-Z]/)
    })
  }

  it('never throws anything else, never takes nonsense and never tells of a secret, however it is damaged', () => {
    const random = seededRandom(20260101)
    const below = (limit: number): number => Math.floor(random() * limit)
    const pick = (from: string): string => from.charAt(below(from.length))
    const fresh = generateToken({ ownerKey: OWNER_KEY })
    const secrets = [fresh.dht.key, fresh.crypto.key, fresh.room, fresh.rendezvous, fresh.mdns]
    const windows = secrets.flatMap((text) => Array.from({ length: 39 }, (_, at) => text.slice(at, at + 5)))
    const noise = '\n\r\t :-?[]{},&*!|>\'"%@`#=+/\\~\u0000é\u2028abcXYZ019'
    const damage = (text: string): string => {
      const [at, length] = [below(text.length + 1), below(6)]
      const inserted = Array.from({ length: below(6) }, () => pick(noise)).join('')
      const kinds = [
        text.slice(0, at) + inserted + text.slice(at + length),
        text.slice(0, at),
        text.slice(at),
        text.slice(0, at) + text.slice(at).repeat(2),
        text.slice(0, at) + text.charAt(at).toUpperCase() + text.slice(at + 1),
      ]
      return kinds[below(kinds.length)] ?? ''
    }
    let [taken, refused] = [0, 0]
    for (let round = 0; round < 2000; round += 1) {
      const inner = random() < 0.7
      let text = inner ? yamlOf(formatToken(fresh)) : formatToken(fresh)
      for (let times = 1 + below(3); times > 0; times -= 1) text = damage(text)
      try {
        const token = parseToken(inner ? encode(text) : text)
        taken += 1
        assert.deepEqual(parseToken(formatToken(token)), token)
        for (const { intervalSeconds, length } of [token.dht, token.crypto]) {
          assert.ok(Number.isSafeInteger(intervalSeconds) && intervalSeconds >= 1 && length >= 1 && length <= 44)
        }
        assert.ok(token.room !== '' && token.crypto.key !== '' && token.maxMessageSizeBytes >= 65536)
      } catch (error) {
        refused += 1
        assert.ok(error instanceof AppError && error.code === 'token.invalid', String(error))
        const shown = JSON.stringify({ ...error, message: error.message, cause: error.cause })
        assert.ok(!windows.some((part) => shown.includes(part)), `${shown} tells of the token`)
      }
    }
    assert.ok(taken > 100 && refused > 500, `${taken} taken, ${refused} refused`)
  })
  it('is refused when it is no token at all but random bytes', () => {
    const random = seededRandom(3)
    for (let round = 0; round < 500; round += 1) {
      const bytes = Buffer.from(Array.from({ length: random() * 200 }, () => random() * 256))
      problemOf(bytes.toString('base64'))
      problemOf(bytes.toString('latin1'))
    }
  })
})

describe('generateToken', () => {
  it('makes a token that is read back, in the shape of LocalAI', () => {
    const token = generateToken({ ownerKey: OWNER_KEY })
    assert.deepEqual(parseToken(formatToken(token)), token)
    assert.equal(token.ownerKey, OWNER_KEY)
    assert.match(token.networkId ?? '', /^[0-9a-f]{32}$/)
    for (const text of [token.dht.key, token.crypto.key, token.room, token.rendezvous, token.mdns]) {
      assert.match(text, /^[a-zA-Z0-9]{43}$/)
    }
    assert.deepEqual([token.dht.intervalSeconds, token.dht.length], [360, 43])
    assert.deepEqual(
      [token.crypto.intervalSeconds, token.crypto.length, token.maxMessageSizeBytes],
      [9000, 43, 20971520],
    )
  })
  it('takes intervals, and 0 as LocalAI does', () => {
    const given = generateToken({ dhtIntervalSeconds: 60, otpIntervalSeconds: 61 })
    assert.deepEqual([given.dht.intervalSeconds, given.crypto.intervalSeconds], [60, 61])
    const zero = generateToken({ dhtIntervalSeconds: 0, otpIntervalSeconds: 0 })
    assert.deepEqual([zero.dht.intervalSeconds, zero.crypto.intervalSeconds], [30, 9000])
  })
  it('refuses intervals that no token can have', () => {
    for (const seconds of [-1, 1.5, Number.NaN, 2 ** 31]) {
      assert.throws(() => generateToken({ dhtIntervalSeconds: seconds }), { code: 'config.invalid', message: /dht/ })
      assert.throws(() => generateToken({ otpIntervalSeconds: seconds }), { code: 'config.invalid', message: /otp/ })
    }
  })
  it('uses every letter as often as any other, and never a secret twice', () => {
    const counts = new Map<string, number>()
    const seen = new Set<string>()
    for (let round = 0; round < 1000; round += 1) {
      const { dht, crypto, room, rendezvous, mdns } = generateToken()
      for (const text of [dht.key, crypto.key, room, rendezvous, mdns]) {
        seen.add(text)
        for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1)
      }
    }
    assert.equal(seen.size, 5000)
    assert.equal(counts.size, 62)
    // 7 standard deviations; a byte modulo 62 would make eight letters likelier by a quarter.
    const expected = (5000 * 43) / 62
    for (const [letter, count] of counts) assert.ok(Math.abs(count - expected) < expected * 0.12, `${letter}: ${count}`)
  })
})

describe('networkIdOf', () => {
  it('is what our token says', () => {
    const token = generateToken()
    assert.equal(networkIdOf(token), token.networkId)
  })
  it('is the same for all who have a token of LocalAI, and another for any other token', () => {
    const id = networkIdOf(LOCALAI)
    assert.match(id, /^[0-9a-f]{32}$/)
    assert.equal(networkIdOf(parseToken(LOCALAI_TOKEN)), id)
    const others: NetworkToken[] = [
      { ...LOCALAI, room: 'x' },
      { ...LOCALAI, mdns: 'x' },
      { ...LOCALAI, rendezvous: 'x' },
      { ...LOCALAI, crypto: { ...LOCALAI.crypto, key: 'x' } },
      { ...LOCALAI, crypto: { ...LOCALAI.crypto, intervalSeconds: 60 } },
      { ...LOCALAI, dht: { ...LOCALAI.dht, key: 'x' } },
    ]
    assert.equal(new Set([id, ...others.map(networkIdOf)]).size, 7)
  })
})
