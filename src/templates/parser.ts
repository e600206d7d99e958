import { TemplateFault } from './fault.ts'
import { lex } from './lexer.ts'
import type { Branch, Node, Pipe } from './nodes.ts'
import { createPipeParser, type PipeParser, type Scope } from './parse-pipe.ts'
import { createTokenReader, type TokenReader } from './token-reader.ts'

/** Blocks in blocks. */
const MOST_NESTED = 100

export interface ParsedTemplate {
  readonly root: readonly Node[]
  /** Of `define` and `block`, by name. */
  readonly templates: ReadonlyMap<string, readonly Node[]>
}

interface Parser {
  readonly tokens: TokenReader
  readonly pipes: PipeParser
  readonly scope: Scope
  readonly templates: Map<string, readonly Node[]>
  /** Blocks around the place, and loops among them. */
  depth: number
  loops: number
}

/** Reads a template's text. Throws TemplateFault. */
export function parseTemplate(source: string, isFunction: (name: string) => boolean): ParsedTemplate {
  const tokens = createTokenReader(lex(source))
  const scope: Scope = []
  const templates = new Map<string, readonly Node[]>()
  const pipes = createPipeParser(tokens, { scope, isFunction })
  const { nodes, end } = parseList({ tokens, pipes, scope, templates, depth: 0, loops: 0 })
  if (end === undefined) return { root: nodes, templates }
  throw new TemplateFault(`unexpected {{${end.word}}}`, end.offset)
}

interface List {
  readonly nodes: readonly Node[]
  /** What ended it: `end`, `else` (whatever follows it is not read yet), or the end of the text. */
  readonly end: { readonly word: 'end' | 'else'; readonly offset: number } | undefined
}

function parseList(parser: Parser): List {
  const { tokens, pipes } = parser
  const nodes: Node[] = []
  for (;;) {
    const token = tokens.next()
    if (token.kind === 'end') return { nodes, end: undefined }
    if (token.kind === 'text') {
      nodes.push({ type: 'text', text: token.text, offset: token.offset })
      continue
    }
    const { kind, text: word, offset } = tokens.peek()
    if (kind !== 'keyword') {
      nodes.push({ type: 'action', pipe: pipes.pipe('command'), offset })
      continue
    }
    tokens.skip(1)
    if (word === 'end') expectClose(parser, 'end')
    if (word === 'end' || word === 'else') return { nodes, end: { word, offset } }
    const node = parseKeyword(parser, word, offset)
    if (node !== undefined) nodes.push(node)
  }
}

function parseKeyword(parser: Parser, word: string, offset: number): Node | undefined {
  switch (word) {
    case 'if':
    case 'with':
    case 'range':
      return { type: word, ...parseBranch(parser, word, offset), offset }
    case 'template': {
      const name = templateName(parser)
      return { type: 'template', name, pipe: templateArgument(parser, 'template'), offset }
    }
    case 'block': {
      const name = templateName(parser)
      const pipe = templateArgument(parser, 'block')
      const body = parseTemplateBody(parser, 'block', offset)
      // Only what fills in when nobody has defined it.
      if (!parser.templates.has(name)) parser.templates.set(name, body)
      return { type: 'template', name, pipe, offset }
    }
    case 'define': {
      if (parser.depth > 0) throw new TemplateFault('unexpected {{define}} inside a block', offset)
      const name = templateName(parser)
      expectClose(parser, 'define')
      parser.templates.set(name, parseTemplateBody(parser, 'define', offset))
      return undefined
    }
    case 'break':
    case 'continue':
      expectClose(parser, word)
      if (parser.loops === 0) throw new TemplateFault(`{{${word}}} outside {{range}}`, offset)
      return { type: word, offset }
    default:
      throw new TemplateFault(`unexpected {{${word}}}`, offset)
  }
}

/** Behind the word: the condition, the body and what is done otherwise, up to and with `end`. */
function parseBranch(parser: Parser, word: 'if' | 'with' | 'range', offset: number): Branch {
  nest(parser, offset)
  const mark = parser.scope.length
  const pipe = parser.pipes.pipe(word)
  const loop = word === 'range' ? 1 : 0
  parser.loops += loop
  const { nodes, end } = parseList(parser)
  parser.loops -= loop
  if (end === undefined) throw new TemplateFault(`unclosed {{${word}}}`, offset)
  const otherwise = end.word === 'else' ? parseElse(parser, word, offset) : []
  parser.scope.length = mark
  parser.depth -= 1
  return { pipe, body: nodes, otherwise }
}

/** `else`, or `else if` and `else with`, which share the `end`. */
function parseElse(parser: Parser, word: string, offset: number): readonly Node[] {
  const next = parser.tokens.peek()
  if (next.kind === 'keyword' && (next.text === 'if' || next.text === 'with') && word !== 'range') {
    parser.tokens.skip(1)
    return [{ type: next.text, ...parseBranch(parser, next.text, next.offset), offset: next.offset }]
  }
  expectClose(parser, 'else')
  const { nodes, end } = parseList(parser)
  if (end?.word === 'end') return nodes
  throw new TemplateFault(end === undefined ? `unclosed {{${word}}}` : 'unexpected {{else}}', end?.offset ?? offset)
}

/** A template of its own: no variable from outside is known in it, and no loop goes through it. */
function parseTemplateBody(parser: Parser, word: string, offset: number): readonly Node[] {
  nest(parser, offset)
  const outside = parser.scope.splice(0)
  const { loops } = parser
  parser.loops = 0
  const { nodes, end } = parseList(parser)
  if (end?.word !== 'end') throw new TemplateFault(`unclosed {{${word}}}`, offset)
  parser.loops = loops
  parser.scope.splice(0, parser.scope.length, ...outside)
  parser.depth -= 1
  return nodes
}

/** The value a template is called with, up to the end of the action. */
function templateArgument({ tokens, pipes }: Parser, context: string): Pipe | undefined {
  if (tokens.peek().kind !== 'close') return pipes.pipe(context)
  tokens.skip(1)
  return undefined
}

function templateName({ tokens }: Parser): string {
  const { value, offset } = tokens.next()
  if (typeof value === 'string') return value
  throw new TemplateFault("a template's name must be a string", offset)
}

function nest(parser: Parser, offset: number): void {
  parser.depth += 1
  if (parser.depth > MOST_NESTED) throw new TemplateFault(`more than ${MOST_NESTED} blocks in each other`, offset)
}

function expectClose({ tokens }: Parser, word: string): void {
  const { kind, text, offset } = tokens.next()
  if (kind !== 'close') throw new TemplateFault(`unexpected ${JSON.stringify(text)} in {{${word}}}`, offset)
}
