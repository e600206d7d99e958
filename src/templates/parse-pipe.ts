import { TemplateFault } from './fault.ts'
import type { Command, Operand, Pipe } from './nodes.ts'
import type { TokenReader } from './token-reader.ts'

/** Parentheses in parentheses. */
const MOST_NESTED = 50

export interface PipeParser {
  /** Reads up to the end of the action, which is consumed too. `context` names the place in messages. */
  pipe(context: string): Pipe
}

/** The names that are in scope, innermost last; `$` always is. */
export type Scope = string[]

interface Parser {
  readonly tokens: TokenReader
  readonly scope: Scope
  readonly isFunction: (name: string) => boolean
  nested: number
}

export function createPipeParser(
  tokens: TokenReader,
  init: { readonly scope: Scope; readonly isFunction: (name: string) => boolean },
): PipeParser {
  const parser: Parser = { ...init, tokens, nested: 0 }
  return { pipe: (context) => parsePipe(parser, context, 'close') }
}

function parsePipe(parser: Parser, context: string, end: 'close' | ')'): Pipe {
  const { tokens, scope } = parser
  const { offset } = tokens.peek()
  const { variables, declares } = parseAssignment(parser, context)
  const first = parseCommand(parser, context)
  const rest: Command[] = []
  for (;;) {
    const { kind, text, offset: place } = tokens.next()
    if (kind === end || (kind === 'symbol' && text === end)) break
    if (kind !== 'symbol' || text !== '|') {
      throw new TemplateFault(`unexpected ${JSON.stringify(text)} in ${context}`, place)
    }
    rest.push(parseCommand(parser, context))
  }
  if (declares) scope.push(...variables)
  return { variables, declares, commands: [first, ...rest], offset }
}

interface Assignment {
  readonly variables: readonly string[]
  readonly declares: boolean
}

function parseAssignment(parser: Parser, context: string): Assignment {
  const { tokens } = parser
  const [first, second, third, fourth] = tokens.ahead(4)
  const isSign = (text: string | undefined): boolean => text === ':=' || text === '='
  if (first?.kind !== 'variable') return { variables: [], declares: false }
  if (second?.kind === 'symbol' && isSign(second.text)) {
    tokens.skip(2)
    return checked(parser, { variables: [first.text], declares: second.text === ':=' }, first.offset)
  }
  const isPair = second?.text === ',' && third?.kind === 'variable' && fourth?.kind === 'symbol' && isSign(fourth.text)
  if (context !== 'range' || !isPair) return { variables: [], declares: false }
  tokens.skip(4)
  return checked(parser, { variables: [first.text, third.text], declares: fourth.text === ':=' }, first.offset)
}

function checked(parser: Parser, assignment: Assignment, offset: number): Assignment {
  if (!assignment.declares) for (const name of assignment.variables) checkKnown(parser, name, offset)
  return assignment
}

function checkKnown({ scope }: Parser, name: string, offset: number): void {
  if (name !== '$' && !scope.includes(name)) throw new TemplateFault(`undefined variable ${name}`, offset)
}

function parseCommand(parser: Parser, context: string): Command {
  const { offset } = parser.tokens.peek()
  const operand = parseOperand(parser)
  if (operand === undefined) throw new TemplateFault(`missing value for ${context}`, offset)
  const operands: Operand[] = []
  while (parser.tokens.peek().spaced) {
    const next = parseOperand(parser)
    if (next === undefined) break
    operands.push(next)
  }
  if (operands.length > 0 && operand.type !== 'call') {
    throw new TemplateFault("can't give an argument to something that is no function", offset)
  }
  return { operand, arguments: operands, offset }
}

function parseOperand(parser: Parser): Operand | undefined {
  const { tokens } = parser
  const { offset } = tokens.peek()
  const found = parseTerm(parser)
  const names: string[] = []
  while (found !== undefined && tokens.peek().kind === 'field' && !tokens.peek().spaced) names.push(tokens.next().text)
  if (found === undefined || names.length === 0) return found
  if (found.type === 'constant') throw new TemplateFault('a constant has no fields', offset)
  if (found.type === 'fields') return { ...found, names: [...found.names, ...names] }
  return { type: 'fields', of: found, names, offset }
}

function parseTerm(parser: Parser): Operand | undefined {
  const { tokens } = parser
  const { kind, text, offset, value } = tokens.peek()
  switch (kind) {
    case 'constant':
      tokens.skip(1)
      return { type: 'constant', value: value ?? null, offset }
    case 'dot':
      tokens.skip(1)
      return { type: 'dot', offset }
    case 'field':
      tokens.skip(1)
      return { type: 'fields', of: { type: 'dot', offset }, names: [text], offset }
    case 'variable':
      tokens.skip(1)
      checkKnown(parser, text, offset)
      return { type: 'variable', name: text, offset }
    case 'identifier':
      tokens.skip(1)
      if (!parser.isFunction(text)) throw new TemplateFault(`function ${JSON.stringify(text)} not defined`, offset)
      return { type: 'call', name: text, offset }
    default:
      return text === '(' && kind === 'symbol' ? parseParenthesised(parser, offset) : undefined
  }
}

function parseParenthesised(parser: Parser, offset: number): Operand {
  parser.tokens.skip(1)
  parser.nested += 1
  if (parser.nested > MOST_NESTED) {
    throw new TemplateFault(`more than ${MOST_NESTED} parentheses in each other`, offset)
  }
  const pipe = parsePipe(parser, 'parenthesized pipeline', ')')
  parser.nested -= 1
  return { type: 'pipe', pipe, offset }
}
