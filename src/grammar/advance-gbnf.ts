import { AppError } from '../base/errors.ts'
import { createGrammarRules } from './gbnf.ts'
import type { GbnfGrammar } from './gbnf-grammar.ts'
import { type GbnfStack, stacksAfter } from './gbnf-stacks.ts'
import { maxGrammarLength, readGbnf } from './read-gbnf.ts'
import { createGbnfWriter } from './write-gbnf.ts'

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
  const rules = createGrammarRules()
  const writer = createGbnfWriter(grammar, rules)
  const alternatives = new Set<string>()
  let length = 0
  for (const stack of stacks) {
    const alternative = writer.rest(stack)
    length += alternative.length
    if (length > maxGrammarLength) throw new AppError('request.invalid', 'the rest of the grammar is too long')
    alternatives.add(alternative)
  }
  writer.writeRules()
  return rules.toText([...alternatives].join(' | '))
}
