import { TemplateFault } from '../fault.ts'
import { writeValue } from '../format.ts'
import { isList, type Value } from '../value.ts'
import { quoteGo } from './format-text.ts'
import { ANY_NUMBER, define, type FunctionContext, type FunctionTable, integer, text } from './template-function.ts'

/** Sprig's functions on texts (https://masterminds.github.io/sprig/strings.html). */
export const texts: FunctionTable = {
  trim: define(1, ([value]) => text(value).trim()),
  trimAll: define(2, ([set, value]) => trimSet(text(value), text(set))),
  trimall: define(2, ([set, value]) => trimSet(text(value), text(set))),
  trimPrefix: define(2, ([prefix, value]) => withoutPrefix(text(value), text(prefix))),
  trimSuffix: define(2, ([suffix, value]) => withoutSuffix(text(value), text(suffix))),
  upper: define(1, ([value]) => text(value).toUpperCase()),
  lower: define(1, ([value]) => text(value).toLowerCase()),
  title: define(1, ([value]) => text(value).replace(/(^|\s)(\S)/gu, (all) => all.toUpperCase())),
  untitle: define(1, ([value]) => text(value).replace(/(^|\s)(\S)/gu, (all) => all.toLowerCase())),
  replace: define(3, ([from, to, value], context) =>
    replaceAll(text(value), { from: text(from), to: text(to), context }),
  ),
  repeat: define(2, ([count, value], context) => repeat(text(value), integer(count), context)),
  contains: define(2, ([part, value]) => text(value).includes(text(part))),
  hasPrefix: define(2, ([prefix, value]) => text(value).startsWith(text(prefix))),
  hasSuffix: define(2, ([suffix, value]) => text(value).endsWith(text(suffix))),
  substr: define(3, ([from, to, value]) => substring(text(value), integer(from), integer(to))),
  trunc: define(2, ([count, value]) => truncate(text(value), integer(count))),
  nospace: define(1, ([value]) => text(value).replace(/\s/gu, '')),
  quote: define(0, (given, context) => quoted(given, context, quoteGo), ANY_NUMBER),
  squote: define(0, (given, context) => quoted(given, context, (each) => `'${each}'`), ANY_NUMBER),
  cat: define(
    0,
    (given, { budget }) =>
      given
        .filter(isThere)
        .map((each) => writeValue(each, { budget }))
        .join(' '),
    ANY_NUMBER,
  ),
  indent: define(2, ([spaces, value], context) => indent(text(value), integer(spaces), context)),
  nindent: define(2, ([spaces, value], context) => `\n${indent(text(value), integer(spaces), context)}`),
  plural: define(3, ([one, many, count]) => (integer(count) === 1 ? text(one) : text(many))),
  join: define(2, ([separator, values], { budget }) => {
    const parts = values !== undefined && isList(values) ? values.filter(isThere) : [values ?? null]
    return parts.map((each) => writeValue(each, { budget })).join(text(separator))
  }),
  split: define(2, ([separator, value], { budget }) => {
    const parts = split(text(value), text(separator), budget)
    return new Map(parts.map((part, index) => [`_${index}`, part]))
  }),
  splitList: define(2, ([separator, value], { budget }) => split(text(value), text(separator), budget)),
  toString: define(1, ([value = null], { budget }) => writeValue(value, { budget })),
  toStrings: define(1, ([values = null], { budget }) =>
    (isList(values) ? values : [values]).map((each) => writeValue(each, { budget })),
  ),
  b64enc: define(1, ([value]) => Buffer.from(text(value)).toString('base64')),
  b64dec: define(1, ([value]) => Buffer.from(text(value), 'base64').toString('utf8')),
}

function isThere(value: Value): boolean {
  return value !== null
}

function split(value: string, separator: string, budget: FunctionContext['budget']): readonly string[] {
  const parts = separator === '' ? [...value] : value.split(separator)
  budget.entries(parts.length)
  return parts
}

function trimSet(value: string, set: string): string {
  const characters = [...value]
  let start = 0
  let end = characters.length
  while (start < end && set.includes(characters[start] ?? '')) start += 1
  while (end > start && set.includes(characters[end - 1] ?? '')) end -= 1
  return characters.slice(start, end).join('')
}

function withoutPrefix(value: string, prefix: string): string {
  return value.startsWith(prefix) ? value.slice(prefix.length) : value
}

function withoutSuffix(value: string, suffix: string): string {
  return suffix !== '' && value.endsWith(suffix) ? value.slice(0, -suffix.length) : value
}

interface Replacing {
  readonly from: string
  readonly to: string
  readonly context: FunctionContext
}

function replaceAll(value: string, { from, to, context }: Replacing): string {
  const parts = from === '' ? ['', ...value, ''] : value.split(from)
  context.budget.characters(value.length + parts.length * to.length)
  return parts.join(to)
}

function repeat(value: string, count: number, { budget }: FunctionContext): string {
  if (count <= 0) return ''
  budget.characters(value.length * count)
  return value.repeat(count)
}

/** Sprig's: in characters, and a negative bound means none. */
function substring(value: string, from: number, to: number): string {
  const characters = [...value]
  if (from < 0) return characters.slice(0, Math.max(0, to)).join('')
  return characters.slice(from, to < 0 || to > characters.length ? undefined : to).join('')
}

function truncate(value: string, count: number): string {
  const characters = [...value]
  return (count < 0 ? characters.slice(count) : characters.slice(0, count)).join('')
}

function quoted(given: readonly Value[], { budget }: FunctionContext, quote: (text: string) => string): string {
  return given
    .filter(isThere)
    .map((each) => quote(writeValue(each, { budget })))
    .join(' ')
}

function indent(value: string, spaces: number, { budget }: FunctionContext): string {
  if (spaces < 0) throw new TemplateFault('indent by a negative number')
  const lines = value.split('\n')
  budget.characters(value.length + lines.length * spaces)
  const pad = ' '.repeat(spaces)
  return lines.map((line) => pad + line).join('\n')
}
