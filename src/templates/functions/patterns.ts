import { AppError } from '../../base/errors.ts'
import { TemplateFault } from '../fault.ts'
import { compilePattern, type Pattern } from '../regex/pattern.ts'
import type { Value } from '../value.ts'
import { define, type FunctionTable, integer, text } from './template-function.ts'

/** Sprig's regular expressions (https://masterminds.github.io/sprig/strings.html): see compilePattern for what bounds them. */
export const patterns: FunctionTable = {
  regexMatch: define(2, ([source, value]) => run(source, (pattern) => pattern.first(text(value)) !== undefined)),
  regexFind: define(2, ([source, value]) => run(source, (pattern) => pattern.first(text(value))?.text ?? '')),
  regexFindAll: define(3, ([source, value, count]) =>
    run(source, (pattern) => limited(pattern.all(text(value)), integer(count)).map((match) => match.text)),
  ),
  regexReplaceAll: define(3, ([source, value, replacement]) =>
    run(source, (pattern) => pattern.replaceAll(text(value), text(replacement))),
  ),
  regexReplaceAllLiteral: define(3, ([source, value, replacement]) =>
    run(source, (pattern) => pattern.replaceAll(text(value), text(replacement).replaceAll('$', '$$$$'))),
  ),
  regexSplit: define(3, ([source, value, count]) =>
    run(source, (pattern) => splitAt(pattern, text(value), integer(count))),
  ),
  regexQuoteMeta: define(1, ([value]) => text(value).replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')),
}

function run<T>(source: Value | undefined, use: (pattern: Pattern) => T): T {
  try {
    return use(compilePattern(text(source)))
  } catch (error) {
    throw error instanceof AppError ? new TemplateFault(error.message) : error
  }
}

/** A negative count means all, as in Go. */
function limited<T>(all: readonly T[], count: number): readonly T[] {
  return count < 0 ? all : all.slice(0, count)
}

function splitAt(pattern: Pattern, value: string, count: number): readonly string[] {
  if (count === 0) return []
  const parts: string[] = []
  let from = 0
  for (const match of count < 0 ? pattern.all(value) : pattern.all(value).slice(0, count - 1)) {
    if (match.text === '' && match.index === 0) continue
    parts.push(value.slice(from, match.index))
    from = match.index + match.text.length
  }
  return [...parts, value.slice(from)]
}
