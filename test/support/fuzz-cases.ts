import type { RawRequest } from './fuzz-client.ts'
import type { FuzzRoute } from './fuzz-routes.ts'
import { damage, oddValue, pick, type Random, sampleOf } from './fuzz-values.ts'

export interface FuzzCase extends RawRequest {
  /** What is wrong with it. */
  readonly name: string
  readonly method: string
  readonly target: string
  /** It does not even parse as HTTP, or never reaches its route: the answer has the shape of no dialect, or is none. */
  readonly unrouted: boolean
}

interface Parts {
  method: string
  target: string
  headers: (readonly [name: string, value: string])[]
  body: Buffer
  /** Absent: as long as the body is. */
  framing?: readonly string[]
  halfClose: boolean
  unrouted: boolean
}

/** What can be wrong with a request; each changes one that is roughly right. */
type Fault = (parts: Parts, random: Random, route: FuzzRoute) => void

const JSON_TYPE = 'application/json'

/** A bad request for the route: fault number `turn`, so that every fault has its turn, the rest as the dice say. */
export function makeCase(
  route: FuzzRoute,
  {
    random,
    turn,
    headers = [],
  }: { readonly random: Random; readonly turn: number; readonly headers?: Parts['headers'] },
): FuzzCase {
  const names = Object.keys(FAULTS)
  const name = names[turn % names.length] ?? ''
  const value = route.body === undefined ? {} : sampleOf(route.body, random)
  const hasBody = !['GET', 'HEAD', 'OPTIONS'].includes(route.method)
  const parts: Parts = {
    method: route.method,
    target: route.url.replaceAll(/:[\w-]+|\*/g, () => pick(random, ['tiny', 'x', 'resp_0000000000_x'])),
    headers: [['Host', '127.0.0.1'], ...headers, ...(hasBody ? [['Content-Type', JSON_TYPE] as const] : [])],
    body: hasBody ? Buffer.from(JSON.stringify(value) ?? 'null') : Buffer.alloc(0),
    halfClose: false,
    unrouted: false,
  }
  FAULTS[name]?.(parts, random, route)
  const { method, target, halfClose, unrouted } = parts
  return { name, method, target, halfClose, unrouted, bytes: toBytes(parts) }
}

function toBytes({ method, target, headers, body, framing }: Parts): Buffer {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
    ...(framing ?? (body.length > 0 || method === 'POST' ? [`Content-Length: ${body.length}`] : [])),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}

function header(parts: Parts, name: string, value?: string): void {
  parts.headers = parts.headers.filter(([known]) => known.toLowerCase() !== name.toLowerCase())
  if (value !== undefined) parts.headers.push([name, value])
}

function json(parts: Parts, body: string | Buffer): void {
  header(parts, 'Content-Type', JSON_TYPE)
  parts.body = Buffer.from(body)
}

function middle(body: Buffer, random: Random): number {
  return Math.floor(random() * body.length)
}

function insert(body: Buffer, at: number, piece: Buffer): Buffer {
  return Buffer.concat([body.subarray(0, at), piece, body.subarray(at)])
}

/** Fields as a form has them, roughly. */
function formOf(parts: Parts, fields: readonly (readonly [head: string, value: string])[], end = '--b--\r\n'): void {
  header(parts, 'Content-Type', 'multipart/form-data; boundary=b')
  parts.body = Buffer.from(`${fields.map(([head, value]) => `--b\r\n${head}\r\n\r\n${value}\r\n`).join('')}${end}`)
}

const field = (name: string): string => `Content-Disposition: form-data; name="${name}"`
const file = (name: string): string => `${field(name)}; filename="../../${name}\u0000.wav"\r\nContent-Type: a/b`

const ODD_SEGMENTS = [
  '%',
  '%0',
  '%00',
  '%E0%A4%A',
  '%ff%fe',
  '%ed%a0%80',
  '..%2f..%2fetc%2fpasswd',
  '..%5c',
  '%252e%252e',
  '__proto__',
  'constructor',
  'a%0d%0aX-Injected:1',
  '%F0%9F%92%A5',
  ';id',
  '*',
  '..',
  '.',
  '',
  '//',
  'x'.repeat(513),
  'x'.repeat(9000),
  '%20'.repeat(400),
  '\u00ff\u00fe',
]

const ODD_QUERIES = [
  '',
  '?',
  '&',
  '&&=&=',
  '%',
  'a=%E0%A4',
  'a=1&a=2',
  'model=tiny&model=x&model=',
  'a[]=1&a[b]=2&a[__proto__]=3',
  '__proto__[x]=1&constructor.prototype.x=1',
  'page=-1&items=1e99&limit=NaN&starting_after=%00&offset=99999999999999999999',
  'stream=maybe&starting_after=1.5&limit=-0&order=sideways&after=%F0%9F',
  'filter=(a%2B)%2B%24&excludeConfigured=2&sort=name%00&term=%5B',
  '#',
  '%00=%00',
  '\u00e9=\u00e9',
  `q=${'x'.repeat(8000)}`,
  Array.from({ length: 1000 }, (_, index) => `a${index}=1`).join('&'),
]

const FAULTS: Readonly<Record<string, Fault>> = {
  'no fault but chance': () => {},
  'one value is wrong': (parts, random) => json(parts, JSON.stringify(damage(parse(parts), random)) ?? ''),
  'three values are wrong': (parts, random) => {
    const value = damage(damage(damage(parse(parts), random), random), random)
    json(parts, JSON.stringify(value) ?? '')
  },
  'not even an object': (parts, random) => json(parts, JSON.stringify(oddValue(random)) ?? 'undefined'),
  'fields of everything': (parts, random, { body }) => {
    const properties =
      typeof body === 'object' && body !== null ? Object.keys(Reflect.get(body, 'properties') ?? {}) : []
    const names = [...properties, 'model', 'stream', 'x']
    json(parts, JSON.stringify(Object.fromEntries(names.map((name) => [name, oddValue(random)]))))
  },
  'truncated JSON': (parts, random) => json(parts, parts.body.subarray(0, middle(parts.body, random))),
  'JSON with more behind it': (parts) => json(parts, `${parts.body}}{`),
  'a byte that is no UTF-8': (parts, random) =>
    json(parts, insert(parts.body, middle(parts.body, random), Buffer.from([0xff, 0xc0, 0xed, 0xa0, 0x80]))),
  'NUL in JSON': (parts, random) => json(parts, insert(parts.body, middle(parts.body, random), Buffer.alloc(3))),
  'UTF-16': (parts) => json(parts, Buffer.from(`\ufeff${parts.body}`, 'utf16le')),
  'a byte order mark': (parts) => json(parts, `\ufeff${parts.body}`),
  'numbers without end': (parts, random) => {
    const number = pick(random, ['1e99999', `-${'9'.repeat(4000)}`, `0.${'0'.repeat(4000)}1`, '1E+400', '-0.0'])
    json(parts, `{"model":"tiny","n":${number},"max_tokens":${number},"seed":${number},"messages":${number}}`)
  },
  'no numbers': (parts, random) => json(parts, `{"n":${pick(random, ['NaN', 'Infinity', '0x10', '01', '+1', '.5'])}}`),
  'deep nesting': (parts, random) => {
    const levels = pick(random, [100, 129, 2000, 50_000])
    const open = pick(random, ['[', '{"a":'])
    json(parts, `{"model":"tiny","messages":${open.repeat(levels)}1${(open === '[' ? ']' : '}').repeat(levels)}}`)
  },
  'deep nesting that never ends': (parts) => json(parts, '['.repeat(100_000)),
  'duplicate fields': (parts) => json(parts, `{"model":"tiny","model":5,${`${parts.body}`.slice(1)}`),
  'a prototype': (parts, random) =>
    json(parts, `{${pick(random, ['"__proto__":{"x":1}', '"constructor":{"prototype":{"x":1}}'])},"model":"tiny"}`),
  'escapes that are none': (parts) => json(parts, '{"model":"\\ud800\\x","messages":"\\u12"}'),
  'many fields': (parts) => json(parts, `{${Array.from({ length: 5000 }, (_, at) => `"f${at}":${at}`).join()}}`),
  'an empty body': (parts) => json(parts, ''),
  'a blank body': (parts) => json(parts, ' \n\t '),
  'a body larger than may be': (parts) => json(parts, Buffer.alloc(1_100_000, 0x20)),
  'no content type': (parts) => header(parts, 'Content-Type'),
  'an odd content type': (parts, random) =>
    header(
      parts,
      'Content-Type',
      pick(random, [
        'text/plain',
        'application/xml',
        'application/x-www-form-urlencoded',
        'application/json; charset=utf-16',
        'application/json;;;=',
        'APPLICATION/JSON',
        'json',
        '/',
        `application/json; x=${'y'.repeat(4000)}`,
        'application/jsonx',
        'multipart/form-data',
        'multipart/form-data; boundary=',
        'multipart/form-data; boundary="',
        `multipart/form-data; boundary=${'b'.repeat(300)}`,
        'multipart/mixed; boundary=b',
        'multipart/form-data; boundary=b; charset=x',
      ]),
    ),
  'a coded body': (parts, random) => header(parts, 'Content-Encoding', pick(random, ['gzip', 'br', 'x', 'identity'])),
  'a form': (parts) =>
    formOf(parts, [
      [field('model'), 'tiny'],
      [file('file'), 'x'],
      [file('image'), '\u0000'],
    ]),
  'a form that never ends': (parts) =>
    formOf(
      parts,
      [
        [field('model'), 'tiny'],
        [file('file'), 'x'.repeat(70_000)],
      ],
      '',
    ),
  'a form of broken parts': (parts, random) =>
    formOf(parts, [
      [pick(random, ['', 'nonsense', 'Content-Disposition: form-data', field(''), field('__proto__')]), 'x'],
      [`${field('model')}\r\n${'X: y\r\n'.repeat(50)}`, 'tiny'],
    ]),
  'a form of many parts': (parts) =>
    formOf(
      parts,
      Array.from({ length: 200 }, (_, at) => [field(`f${at}`), 'x'] as const),
    ),
  'a form of the same parts': (parts) =>
    formOf(parts, [
      [field('model'), 'a'],
      [field('model'), 'b'],
      [field('model[]'), 'c'],
      [file('file'), ''],
      [file('file'), ''],
    ]),
  'a form with a long name': (parts) => formOf(parts, [[field('n'.repeat(6000)), 'x']]),
  'a form of nothing': (parts, random) => {
    formOf(parts, [])
    parts.body = Buffer.from(pick(random, ['', '--b', '--b--', '\r\n--b\r\n', '--b\r\n\r\n', '--c--\r\n']))
  },
  'an odd query': (parts, random) => {
    const query = pick(random, ODD_QUERIES)
    parts.target += `?${query}`
    // The parser of HTTP takes ASCII only.
    parts.unrouted = query.includes('\u00e9')
  },
  'odd values in the query': (parts, random, { querystring }) => {
    const known = typeof querystring === 'object' && querystring !== null ? Reflect.get(querystring, 'properties') : {}
    const names = [...Object.keys(known ?? {}), 'x']
    const texts = names.map((name) => `${name}=${encode(textOf(oddValue(random)).slice(0, 500))}`)
    parts.target += `?${texts.join('&')}`
  },
  'an odd path': (parts, random, { url }) => {
    const odd = pick(random, ODD_SEGMENTS)
    parts.target = /[:*]/.test(url) ? url.replace(/:[\w-]+|\*/, () => odd) : `${url}/${odd}`
    parts.target = parts.target.replaceAll(/:[\w-]+|\*/g, 'x')
    parts.unrouted = true
  },
  'a path in another spelling': (parts, random) => {
    parts.target = pick(random, [
      `/${parts.target}`,
      `${parts.target}//`,
      parts.target.toUpperCase(),
      `http://elsewhere${parts.target}`,
      `/.${parts.target}`,
      `${parts.target}%2f`,
      `${parts.target};x=y`,
      `${parts.target}\\..`,
      parts.target.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
      parts.target.slice(1),
      '*',
    ])
    parts.unrouted = true
  },
  'another method': (parts, random) => {
    parts.method = pick(random, [
      'GET',
      'HEAD',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
      'QUERY',
    ])
    parts.unrouted = true
  },
  'no method': (parts, random) => {
    parts.method = pick(random, ['FOO', 'get', '', 'PRI', 'POST\t', 'CONNECT'])
    parts.unrouted = true
  },
  'a body where none belongs': (parts) => {
    parts.method = 'GET'
    parts.unrouted = true
    json(parts, '{"a":1}')
  },
  'a huge header': (parts) => {
    parts.headers.push(['X-Huge', 'x'.repeat(40_000)])
    parts.unrouted = true
  },
  'many headers': (parts) => {
    for (let at = 0; at < 900; at += 1) parts.headers.push([`X-${at}`, 'y'])
  },
  'bytes no header may have': (parts, random) => {
    parts.headers.push(
      pick(random, [
        ['X-\u0000', 'y'],
        ['X Y', 'z'],
        ['X', 'a\u0000b'],
        ['', 'x'],
        ['X', 'a\rb'],
        ['X', '\u00ff'],
      ]),
    )
    parts.unrouted = true
  },
  'an odd host': (parts, random) => {
    const host = pick(random, [
      undefined,
      '',
      'x y',
      '127.0.0.1:99999',
      '[::1',
      'a'.repeat(3000),
      'elsewhere',
      '@',
      '127.0.0.1:x',
    ])
    header(parts, 'Host', host)
    parts.unrouted = true
  },
  'two hosts': (parts) => {
    parts.headers.push(['Host', 'elsewhere'])
    parts.unrouted = true
  },
  'odd credentials': (parts, random) => {
    const odd = ['', 'Bearer', 'Bearer ', 'Bearer \u00ff', 'Basic %', 'Bearer a b c', `Bearer ${'k'.repeat(5000)}`]
    header(parts, 'Authorization', pick(random, odd))
    parts.headers.push([
      'Cookie',
      pick(random, ['session', 'session=;token=%E0', 'token="', '=;=;=', 'token=a; token=b']),
    ])
    parts.headers.push(['X-Api-Key', pick(random, ['', 'k'.repeat(3000), '\u00e9'])])
  },
  'odd headers of ours': (parts, random) => {
    const odd = () => pick(random, ['', '-1', 'x'.repeat(2000), '\u00ff', '1e9', 'a,b', '__proto__'])
    for (const name of ['X-Correlation-Id', 'X-Local-Ai-Caller', 'X-Forwarded-For', 'Extra-Usage', 'Last-Event-Id'])
      parts.headers.push([name, odd()])
    parts.headers.push(
      ['Origin', pick(random, ['null', 'http://elsewhere', 'x', ''])],
      ['Sec-Fetch-Site', 'cross-site'],
    )
  },
  'odd wishes': (parts, random) => {
    parts.headers.push(
      pick(random, [
        ['Expect', '100-continue'],
        ['Expect', 'x'],
        ['Upgrade', 'websocket'],
        ['Upgrade', 'h2c'],
        ['Accept', '\u00ff;q=x'],
        ['Accept-Encoding', 'x;q=9'],
        ['Range', 'bytes=-1--5'],
        ['If-None-Match', '*'],
        ['Access-Control-Request-Method', 'X Y'],
        ['Te', 'x'],
      ]),
    )
    parts.unrouted = true
  },
  'a length that is wrong': (parts, random) => {
    const length = pick(random, [
      '-1',
      'x',
      '1e3',
      '99999999999999999999',
      '0x10',
      '1, 2',
      '+5',
      ' ',
      '18446744073709551616',
    ])
    parts.framing = [`Content-Length: ${length}`]
    parts.halfClose = true
    parts.unrouted = true
  },
  'two lengths': (parts) => {
    parts.framing = ['Content-Length: 1', 'Content-Length: 2']
    parts.unrouted = true
  },
  'a length and chunks': (parts) => {
    parts.framing = ['Content-Length: 4', 'Transfer-Encoding: chunked']
    parts.unrouted = true
  },
  chunks: (parts) => {
    parts.framing = ['Transfer-Encoding: chunked']
    const { length } = parts.body
    const chunk = length === 0 ? '' : `${length.toString(16)}\r\n${parts.body.toString('latin1')}\r\n`
    parts.body = Buffer.from(`${chunk}0\r\n\r\n`, 'latin1')
  },
  'broken chunks': (parts, random) => {
    parts.framing = ['Transfer-Encoding: chunked']
    parts.body = Buffer.from(
      pick(random, ['zz\r\n', '-5\r\nabc\r\n', '5\r\nab', 'fffffffffffffffff\r\n', '1\r\nab\r\n0\r\n\r\n', '0\r\n']),
    )
    parts.halfClose = true
    parts.unrouted = true
  },
  'a coding nobody knows': (parts) => {
    parts.framing = ['Transfer-Encoding: gzip']
    parts.halfClose = true
    parts.unrouted = true
  },
  'a body that is cut off': (parts) => {
    parts.framing = [`Content-Length: ${parts.body.length + 100}`]
    parts.halfClose = true
    parts.unrouted = true
  },
  'no HTTP': (parts, random) => {
    parts.method = pick(random, [
      '\u0016\u0003\u0001\u0002',
      'SSH-2.0-x\r\n',
      '\u0000\u0000',
      '{"a":1}\r\n',
      'x'.repeat(30_000),
    ])
    parts.halfClose = true
    parts.unrouted = true
  },
}

function parse({ body }: Parts): unknown {
  return body.length === 0 ? {} : JSON.parse(body.toString())
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** `encodeURIComponent`, which throws for what is no Unicode. */
function encode(text: string): string {
  return Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}
