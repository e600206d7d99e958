import { placed, TemplateFault } from './fault.ts'
import { type LexedConstant, lexNumber, lexQuoted } from './lex-constant.ts'
import type { Token, TokenKind } from './token.ts'

const KEYWORDS = new Set('block break continue define else end if range template with'.split(' '))
const BLANKS = /[ \t\r\n]/
const NAME = /[\p{L}_][\p{L}\p{Nd}_]*/uy

/** Cuts a template into tokens; white space that trim markers remove is gone already. Throws TemplateFault. */
export function* lex(source: string): Generator<Token, void> {
  let at = 0
  let trimNext = false
  for (;;) {
    const open = source.indexOf('{{', at)
    const end = open < 0 ? source.length : open
    const trims = open >= 0 && source[open + 2] === '-' && BLANKS.test(source[open + 3] ?? '')
    let text = source.slice(at, end)
    if (trimNext) text = trimStart(text)
    if (trims) text = trimEnd(text)
    if (text !== '') yield { kind: 'text', text, offset: at, spaced: false }
    if (open < 0) break
    const inside = open + (trims ? 3 : 2)
    const comment = commentEnd(source, inside)
    if (comment !== undefined) {
      at = comment.end
      trimNext = comment.trims
      continue
    }
    yield { kind: 'open', text: '{{', offset: open, spaced: false }
    const close = yield* lexAction(source, inside, open)
    at = close.end
    trimNext = close.trims
  }
  yield { kind: 'end', text: '', offset: source.length, spaced: false }
}

interface ActionEnd {
  readonly end: number
  readonly trims: boolean
}

/** Where an action ends that begins here, if one does. */
function closeAt(source: string, at: number): ActionEnd | undefined {
  if (source.startsWith('}}', at)) return { end: at + 2, trims: false }
  const trims = source.startsWith('-}}', at) && BLANKS.test(source[at - 1] ?? '')
  return trims ? { end: at + 3, trims } : undefined
}

/** A comment is alone in its action. */
function commentEnd(source: string, inside: number): ActionEnd | undefined {
  const start = skipBlanks(source, inside)
  if (!source.startsWith('/*', start)) return undefined
  const close = source.indexOf('*/', start + 2)
  if (close < 0) throw new TemplateFault('unclosed comment', start)
  const end = closeAt(source, skipBlanks(source, close + 2))
  if (end === undefined) throw new TemplateFault('comment ends before closing delimiter', close)
  return end
}

function* lexAction(source: string, inside: number, open: number): Generator<Token, ActionEnd> {
  let at = inside
  let depth = 0
  for (;;) {
    const start = skipBlanks(source, at)
    const spaced = start > at
    const close = closeAt(source, start)
    if (close !== undefined) {
      if (depth > 0) throw new TemplateFault('unclosed left paren', start)
      yield { kind: 'close', text: '}}', offset: start, spaced }
      return close
    }
    if (start >= source.length) throw new TemplateFault('unclosed action', open)
    const token = lexToken(source, start, spaced)
    if (token.text === '(') depth += 1
    if (token.text === ')') depth -= 1
    if (depth < 0) throw new TemplateFault('unexpected right paren', start)
    yield token
    at = token.end
  }
}

type LexedToken = Token & { readonly end: number }

function lexToken(source: string, offset: number, spaced: boolean): LexedToken {
  const character = source[offset] ?? ''
  const simple = (kind: TokenKind, text: string, length = text.length): LexedToken => ({
    kind,
    text,
    offset,
    spaced,
    end: offset + length,
  })
  const constant = ({ value, end }: LexedConstant): LexedToken => ({
    ...simple('constant', source.slice(offset, end)),
    value,
    end,
  })
  if (source.startsWith(':=', offset)) return simple('symbol', ':=')
  if ('=|(),'.includes(character)) return simple('symbol', character)
  if ('"`\''.includes(character)) return constant(placed(offset, () => lexQuoted(source, offset)))
  if (/[0-9+-]/.test(character) || (character === '.' && /[0-9]/.test(source[offset + 1] ?? ''))) {
    return constant(placed(offset, () => lexNumber(source, offset)))
  }
  if (character === '.') {
    const name = nameAt(source, offset + 1)
    return name === '' ? simple('dot', '.') : simple('field', name, name.length + 1)
  }
  if (character === '$') {
    const name = nameAt(source, offset + 1)
    return simple('variable', `$${name}`)
  }
  const name = nameAt(source, offset)
  if (name === '') throw new TemplateFault(`unexpected ${JSON.stringify(character)} in action`, offset)
  if (name === 'true' || name === 'false') return { ...simple('constant', name), value: name === 'true' }
  if (name === 'nil') return { ...simple('constant', name), value: null }
  return simple(KEYWORDS.has(name) ? 'keyword' : 'identifier', name)
}

function nameAt(source: string, at: number): string {
  NAME.lastIndex = at
  return NAME.exec(source)?.[0] ?? ''
}

function skipBlanks(source: string, from: number): number {
  let at = from
  while (at < source.length && BLANKS.test(source[at] ?? '')) at += 1
  return at
}

function trimStart(text: string): string {
  return text.slice(skipBlanks(text, 0))
}

function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && BLANKS.test(text[end - 1] ?? '')) end -= 1
  return text.slice(0, end)
}
