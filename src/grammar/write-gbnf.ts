import { escapeCodePoint, type GrammarRules } from './gbnf.ts'
import type { GbnfFrame, GbnfGrammar, GbnfItem, GbnfSequence } from './gbnf-grammar.ts'
import type { GbnfStack } from './gbnf-stacks.ts'

/** Puts a grammar that has been read among other rules, as far as it is needed. */
export interface GbnfWriter {
  /** The name that a rule of the grammar has there. */
  ruleOf(index: number): string
  /** A sequence that matches what is left of the whole stack. */
  rest(stack: GbnfStack): string
  /** Once, at the end: all rules that were named. */
  writeRules(): void
}

export function createGbnfWriter(grammar: GbnfGrammar, rules: GrammarRules): GbnfWriter {
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
    ruleOf: nameOf,
    rest: writeTop,
    writeRules() {
      for (let index = unwritten.pop(); index !== undefined; index = unwritten.pop()) {
        rules.define(nameOf(index), writeAlternatives(index))
      }
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
