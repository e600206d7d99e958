import { createGrammarRules, type GrammarRules, gbnfLiteral } from '../../grammar/gbnf.ts'
import { whitespaceRule } from '../../grammar/json-rules.ts'
import { toolArgumentsRule } from '../../grammar/tool-call-gbnf.ts'
import type { ToolConfig, ToolGrammarConfig } from '../../models/prompt-config.ts'
import type { ToolDefinition } from '../request.ts'

/**
 * A grammar for an answer that calls one of the tools, or several in a list, in the form that `function` says. In mixed
 * mode text may come first, without `{`: what opens a brace is a call.
 */
export function toolGrammar(
  tools: readonly ToolDefinition[],
  { nameKey, argumentsKey }: Pick<ToolConfig, 'nameKey' | 'argumentsKey'>,
  config: ToolGrammarConfig,
): string {
  const rules = createGrammarRules()
  const form = config.form === 'llama3.1' ? taggedCall : jsonCall({ nameKey, argumentsKey, config })
  const call = rules.rule('call', tools.map((tool) => form(rules, tool)).join(' | '))
  const ws = whitespaceRule(rules)
  const calls = config.parallel ? `( ${call} | "[" ${ws} ${call} ( "," ${ws} ${call} )* ${ws} "]" )` : call
  const prefix = config.prefix === '' ? '' : `${gbnfLiteral(config.prefix)} `
  const text = rules.rule('text', '[^{\\x00]+')
  const answer = `${prefix}${calls}${config.textAfterCall ? ` ${text}?` : ''}`
  if (!config.mixed) return rules.toText(answer)
  return rules.toText(config.callNeeded ? `${text}? ${answer}` : `${text}? ${answer} | ${text}`)
}

function jsonCall(init: Pick<ToolConfig, 'nameKey' | 'argumentsKey'> & { readonly config: ToolGrammarConfig }) {
  const { nameKey, argumentsKey, config } = init
  return (rules: GrammarRules, { name, parameters }: ToolDefinition): string => {
    const nameText = gbnfLiteral(`${JSON.stringify(nameKey)}: ${JSON.stringify(name)}`)
    const argumentsText = `${gbnfLiteral(`${JSON.stringify(argumentsKey)}: `)} ${toolArgumentsRule(rules, parameters)}`
    const members = config.argumentsFirst ? [argumentsText, nameText] : [nameText, argumentsText]
    return `"{" ${members.join(' ", " ')} "}"`
  }
}

/** `<function=name>{…}</function>`, as Llama 3.1 was taught. */
function taggedCall(rules: GrammarRules, { name, parameters }: ToolDefinition): string {
  return `${gbnfLiteral(`<function=${name}>`)} ${toolArgumentsRule(rules, parameters)} "</function>"`
}
