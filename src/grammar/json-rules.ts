import { createGrammarRules, type GrammarRules } from './gbnf.ts'

/**
 * White space between the parts of a JSON text: nothing, one blank, or a line break with its indentation.
 * Never without end: a small model that may write blanks for ever does.
 */
export function whitespaceRule(rules: GrammarRules): string {
  return rules.rule('ws', '"" | " " | "\\n" [ \\t]{0,20}')
}

/** One character of a JSON string, as written between its quotes. Half a surrogate pair is none. */
export function characterRule(rules: GrammarRules): string {
  const hex = '[0-9a-fA-F]'
  const pair = `[dD] [89abAB] ${hex}{2} "\\\\u" [dD] [c-fC-F] ${hex}{2}`
  const escaped = rules.rule('escaped', `[0-9a-cA-CefEF] ${hex}{3} | [dD] [0-7] ${hex}{2} | ${pair}`)
  return rules.rule('char', `[^"\\\\\\x7F\\x00-\\x1F] | "\\\\" ( ["\\\\/bfnrt] | "u" ${escaped} )`)
}

export function stringRule(rules: GrammarRules): string {
  return rules.rule('string', `"\\"" ${characterRule(rules)}* "\\""`)
}

/** Digits are limited so that every number fits a double and no model can write digits for ever. */
export function integerRule(rules: GrammarRules): string {
  return rules.rule('integer', '"-"? ( "0" | [1-9] [0-9]{0,14} )')
}

export function numberRule(rules: GrammarRules): string {
  return rules.rule('number', `${integerRule(rules)} ( "." [0-9]{1,15} )? ( [eE] [-+]? [0-9]{1,2} )?`)
}

export function booleanRule(rules: GrammarRules): string {
  return rules.rule('boolean', '"true" | "false"')
}

/** Any JSON value. */
export function valueRule(rules: GrammarRules): string {
  return rules.once('value', () => {
    const scalars = `${stringRule(rules)} | ${numberRule(rules)} | ${booleanRule(rules)} | "null"`
    return `${objectRule(rules)} | ${arrayRule(rules)} | ${scalars}`
  })
}

/** Any JSON object. */
export function objectRule(rules: GrammarRules): string {
  const ws = whitespaceRule(rules)
  const member = rules.rule('member', `${stringRule(rules)} ":" ${ws} ${valueRule(rules)}`)
  const more = rules.rule('more-members', `"," ${ws} ${member}`)
  return rules.rule('object', `"{" ${ws} ( ${member} ${more}* ${ws} )? "}"`)
}

/** Any JSON array. */
export function arrayRule(rules: GrammarRules): string {
  const ws = whitespaceRule(rules)
  const more = rules.rule('more-values', `"," ${ws} ${valueRule(rules)}`)
  return rules.rule('array', `"[" ${ws} ( ${valueRule(rules)} ${more}* ${ws} )? "]"`)
}

/** A grammar for any one JSON object. */
export function jsonObjectGbnf(): string {
  const rules = createGrammarRules()
  return rules.toText(objectRule(rules))
}
