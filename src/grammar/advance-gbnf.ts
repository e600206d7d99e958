import { AppError } from '../base/errors.ts'
import { createGrammarRules, escapeCodePoint, type GrammarRules } from './gbnf.ts'
import type { GbnfFrame, GbnfGrammar, GbnfItem, GbnfSequence } from './gbnf-grammar.ts'
import { type GbnfStack, stacksAfter } from './gbnf-stacks.ts'
import { maxGrammarLength, readGbnf } from './read-gbnf.ts'

/**
 * A grammar for what may follow on `text`: its sentences are exactly those t for which text + t is one of `grammar`.
 * An engine begins every grammar at its root; with this one it goes on with an answer that another engine began.
 *
 * `text` is what the engine has fed the grammar: the texts of all sampled tokens, with those of control tokens, in whole
 * code points. Undefined when no sentence begins with it, when the grammar can't be read (`readGbnf`) or is too large.
 * The result may be advanced again. (Brzozowski, "Derivatives of Regular Expressions", 1964, for stacks.)
 */
export function advanceGbnf(grammar: string, text: string): string | undefined {
  try {
    const rules = readGbnf(grammar)
    const stacks = stacksAfter(rules, text)
    return stacks.length === 0 ? undefined : writeRest(rules, stacks)
  } catch (error) {
    if (error instanceof AppError && error.code === 'request.invalid') return undefined
    throw error
  }
}

function writeRest(grammar: GbnfGrammar, stacks: readonly GbnfStack[]): string {
  const writer = createWriter(grammar, createGrammarRules())
  const alternatives = new Set<string>()
  let length = 0
  for (const stack of stacks) {
    const alternative = writer.rest(stack)
    length += alternative.length
    if (length > maxGrammarLength) throw new AppError('request.invalid', 'the rest of the grammar is too long')
    alternatives.add(alternative)
  }
  return writer.toText([...alternatives].join(' | '))
}

interface Writer {
  /** A sequence that matches what is left of the whole stack. */
  rest(stack: GbnfStack): string
  /** The grammar with this root and all rules that it needs. */
  toText(root: string): string
}

function createWriter(grammar: GbnfGrammar, rules: GrammarRules): Writer {
  const names = new Map<number, string>()
  const unwritten: number[] = []
  const restNames = new Map<GbnfStack, string>()

  function nameOf(index: number): string {
    const known = names.get(index)
    if (known !== undefined) return known
    const name = rules.reserve(grammar.rules[index]?.name ?? 'group')
    names.set(index, name)
    unwritten.push(index)
    return name
  }

  function writeItem(item: GbnfItem, progress: number): string {
    switch (item.kind) {
      case 'text':
        return `"${item.codes.slice(progress).map(escapeCodePoint).join('')}"`
      case 'class':
        return writeClass(item)
      case 'rule':
        return nameOf(item.index)
      case 'repeat':
        return `${writeSequence(item.item)}${writeTimes(Math.max(item.min - progress, 0), item.max - progress)}`
    }
  }

  function writeSequence({ items }: GbnfSequence): string {
    return items.length === 0 ? '""' : items.map((item) => writeItem(item, 0)).join(' ')
  }

  function writeFrame({ sequence, index, progress }: GbnfFrame): string {
    return sequence.items
      .slice(index)
      .map((item, at) => writeItem(item, at === 0 ? progress : 0))
      .join(' ')
  }

  function writeAlternatives(index: number): string {
    return (grammar.rules[index]?.alternatives ?? []).map(writeSequence).join(' | ')
  }

  /** Several stacks may stand on this one: a rule of its own writes it only once. */
  function restName(stack: GbnfStack): string {
    // From the bottom up, and not by recursion: a stack is as deep as the text nests.
    const chain: GbnfStack[] = []
    for (let node: GbnfStack | undefined = stack; node?.frame !== undefined; node = node.parent) {
      if (restNames.has(node)) break
      chain.push(node)
    }
    for (const node of chain.reverse()) restNames.set(node, rules.rule('rest', writeTop(node)))
    return restNames.get(stack) ?? ''
  }

  function writeTop({ frame, parent }: GbnfStack): string {
    if (frame === undefined) return '""'
    const below = parent?.frame === undefined ? '' : ` ${restName(parent)}`
    return `${writeFrame(frame)}${below}`
  }

  return {
    rest: writeTop,
    toText(root) {
      for (let index = unwritten.pop(); index !== undefined; index = unwritten.pop()) {
        rules.define(nameOf(index), writeAlternatives(index))
      }
      return rules.toText(root)
    },
  }
}

function writeClass({ negated, ranges }: Extract<GbnfItem, { kind: 'class' }>): string {
  if (ranges.length === 0) return '.'
  let text = ''
  for (let at = 0; at < ranges.length; at += 2) {
    const [first = 0, last = 0] = ranges.slice(at, at + 2)
    text += first === last ? escapeCodePoint(first) : `${escapeCodePoint(first)}-${escapeCodePoint(last)}`
  }
  return `[${negated ? '^' : ''}${text}]`
}

function writeTimes(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return ['*', '+'][min] ?? `{${min},}`
  if (min === max) return `{${min}}`
  return min === 0 && max === 1 ? '?' : `{${min},${max}}`
}
