import { AppError } from '../base/errors.ts'

/** Most rules one grammar may have; llama.cpp keeps them all in memory and walks them per token. */
const maxRules = 20_000
const maxGrammarLength = 1 << 20
/** llama.cpp writes `x{m,n}` out as n rules and refuses more than 2000: longer repetitions go in steps of this size. */
const repetitionStep = 200
const maxRepetitions = 100_000

/**
 * The rules of one grammar while it is being written. A rule is named once and never changes; the same body is kept once.
 * Everything it returns can stand in a sequence, and before `?`, `*` or `{m,n}`.
 */
export interface GrammarRules {
  /** The name of a rule with this body. */
  rule(hint: string, body: string): string
  /** A name whose body follows with `define`: what recursion needs. */
  reserve(hint: string): string
  define(name: string, body: string): void
  /** One rule per key, written at the first call; `write` may ask for the same key again, which is how it recurs. */
  once(key: string, write: () => string): string
  /** `min` to `max` times the rule `name`, however large the numbers. `max` absent: without end. */
  repeat(name: string, min: number, max?: number): string
  /** What writing them has cost, in units of its writers; shared by all that belongs to one request. */
  readonly effort: GrammarEffort
  /** The grammar, with `root ::= body` in front. */
  toText(rootBody: string): string
}

export interface GrammarEffort {
  spent: number
}

/** What to do when the grammar grows too large. It never returns. */
export type RefuseGrammar = (what: string) => never

function refuseBare(what: string): never {
  throw new AppError('request.invalid', `the grammar is too large: ${what}`)
}

export function createGrammarRules(
  refuse: RefuseGrammar = refuseBare,
  effort: GrammarEffort = { spent: 0 },
): GrammarRules {
  const bodies = new Map<string, string>()
  const nameOfBody = new Map<string, string>()
  const nameOfKey = new Map<string, string>()
  const lastSuffix = new Map<string, number>()
  const taken = new Set(['root'])
  let length = 0

  function reserve(hint: string): string {
    const base = toRuleName(hint)
    let suffix = lastSuffix.get(base) ?? 0
    let name = suffix === 0 ? base : `${base}-${suffix}`
    while (taken.has(name)) {
      suffix += 1
      name = `${base}-${suffix}`
    }
    lastSuffix.set(base, suffix)
    taken.add(name)
    if (taken.size > maxRules) refuse(`more than ${maxRules} grammar rules`)
    return name
  }

  function define(name: string, body: string): void {
    length += name.length + body.length
    if (length > maxGrammarLength) refuse(`more than ${maxGrammarLength} characters of grammar`)
    bodies.set(name, body)
  }

  function rule(hint: string, body: string): string {
    const known = nameOfBody.get(body)
    if (known !== undefined) return known
    const name = reserve(hint)
    define(name, body)
    nameOfBody.set(body, name)
    return name
  }

  function atMost(name: string, max: number): string {
    if (max <= repetitionStep) return max === 1 ? `${name}?` : `${name}{0,${max}}`
    const step = rule(`${name}-step`, `${name}{${repetitionStep}}`)
    const partial = rule(`${name}-part`, `${name}{0,${repetitionStep - 1}}`)
    let rest = rule(`${name}-tail`, atMost(name, max % repetitionStep || repetitionStep))
    const steps = Math.ceil(max / repetitionStep) - 1
    for (let count = 0; count < steps; count += 1) rest = rule(`${name}-tail`, `${step} ${rest} | ${partial}`)
    return rest
  }

  function exactly(name: string, count: number): string {
    if (count <= repetitionStep) return count === 1 ? name : `${name}{${count}}`
    const step = rule(`${name}-step`, `${name}{${repetitionStep}}`)
    const steps = rule(`${name}-steps`, `${step}{${Math.floor(count / repetitionStep)}}`)
    const rest = count % repetitionStep
    return rest === 0 ? steps : `${steps} ${exactly(name, rest)}`
  }

  return {
    rule,
    reserve,
    define,
    effort,
    once(key, write) {
      const known = nameOfKey.get(key)
      if (known !== undefined) return known
      const name = reserve(key)
      nameOfKey.set(key, name)
      define(name, write())
      return name
    },
    repeat(name, min, max) {
      if (Math.max(min, max ?? 0) > maxRepetitions) refuse(`more than ${maxRepetitions} repetitions`)
      const parts: string[] = []
      if (min > 0) parts.push(exactly(name, min))
      if (max === undefined) parts.push(`${name}*`)
      else if (max > min) parts.push(atMost(name, max - min))
      return parts.length === 0 ? '""' : parts.join(' ')
    },
    toText(rootBody) {
      const lines = [`root ::= ${rootBody}`]
      for (const [name, body] of bodies) lines.push(`${name} ::= ${body}`)
      return `${lines.join('\n')}\n`
    },
  }
}

function toRuleName(hint: string): string {
  const name = hint
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40)
  return name === '' || name === 'root' ? 'part' : name
}

/** The text inside a GBNF string literal or character class that stands for exactly `text`. */
export function escapeGbnf(text: string): string {
  let escaped = ''
  for (const character of text) escaped += escapeCodePoint(wellFormed(character.codePointAt(0) ?? 0))
  return escaped
}

/** A GBNF string literal that matches exactly `text`. */
export function gbnfLiteral(text: string): string {
  return `"${escapeGbnf(text)}"`
}

/** Half of a surrogate pair can't be sent: it is what UTF-8 makes of it. */
function wellFormed(code: number): number {
  return code >= 0xd800 && code <= 0xdfff ? 0xfffd : code
}

/** What stands for one code point in a literal or a class; any number of up to 32 bits can be written, as in llama.cpp. */
export function escapeCodePoint(code: number): string {
  const character = code < 0x80 ? String.fromCharCode(code) : ''
  if (/^[A-Za-z0-9 _.,:;!?/(){}<>|+*=@#$%&'`~]$/.test(character)) return character
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\t') return '\\t'
  if (character !== '' && '\\"[]-'.includes(character)) return `\\${character}`
  if (code < 0x80) return `\\x${hex(code, 2)}`
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

function hex(code: number, digits: number): string {
  return code.toString(16).toUpperCase().padStart(digits, '0')
}

/**
 * A rule that matches any text up to and including the first `marker` (at least one character long).
 * One rule per character of the marker, each saying how much of it has just been seen.
 */
export function throughMarker(rules: GrammarRules, marker: string): string {
  const symbols = [...marker]
  const names = symbols.map(() => rules.reserve('until'))
  const alphabet = [...new Set(symbols)]
  symbols.forEach((_symbol, seen) => {
    const alternatives = alphabet.flatMap((character) => {
      const next = longestOverlap(symbols, [...symbols.slice(0, seen), character])
      if (next === 0) return []
      const literal = gbnfLiteral(character)
      return [next === symbols.length ? literal : `${literal} ${names[next]}`]
    })
    const restarts = alphabet.filter((character) => longestOverlap(symbols, [...symbols.slice(0, seen), character]) > 0)
    alternatives.push(`[^${restarts.map(escapeGbnf).join('')}] ${names[0]}`)
    rules.define(names[seen] ?? '', alternatives.join(' | '))
  })
  return names[0] ?? '""'
}

/**
 * A rule that matches any text, of any length, in which none of `markers` stands; or such a text, the marker `to.marker` and
 * what the rule `to.then` matches. No marker begins with another one. One rule per beginning of a marker, saying that the
 * text ends with it just now.
 */
export function textWithout(
  rules: GrammarRules,
  markers: readonly string[],
  to: { readonly marker: string; readonly then: string },
): string {
  const names = new Map<string, string>([['', rules.reserve('text')]])
  for (const marker of markers) {
    const symbols = [...marker]
    for (let size = 1; size < symbols.length; size += 1) {
      const beginning = symbols.slice(0, size).join('')
      if (!names.has(beginning)) names.set(beginning, rules.reserve('text'))
    }
  }
  const alphabet = [...new Set(markers.flatMap((marker) => [...marker]))]
  for (const [seen, name] of names) {
    const alternatives = ['""']
    const special = alphabet.filter((character) => {
      const tails = tailsOf(seen + character)
      const whole = tails.find((tail) => markers.includes(tail))
      if (whole === to.marker) alternatives.push(`${gbnfLiteral(character)} ${to.then}`)
      if (whole !== undefined) return true
      const next = tails.find((tail) => names.has(tail))
      if (next !== undefined) alternatives.push(`${gbnfLiteral(character)} ${names.get(next)}`)
      return next !== undefined
    })
    alternatives.push(`[^${special.map(escapeGbnf).join('')}] ${names.get('')}`)
    rules.define(name, alternatives.join(' | '))
  }
  return names.get('') ?? '""'
}

/** What a text ends with, the longest first; not the empty text. */
function tailsOf(text: string): readonly string[] {
  const symbols = [...text]
  return symbols.map((_symbol, from) => symbols.slice(from).join(''))
}

/** How many first symbols of `marker` the end of `text` is. */
function longestOverlap(marker: readonly string[], text: readonly string[]): number {
  for (let size = Math.min(marker.length, text.length); size > 0; size -= 1) {
    const tail = text.slice(text.length - size)
    if (tail.every((symbol, index) => symbol === marker[index])) return size
  }
  return 0
}
