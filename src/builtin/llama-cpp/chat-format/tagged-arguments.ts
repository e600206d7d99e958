import { isObject, type JsonObject } from '../../../base/json.ts'
import { type GrammarRules, gbnfLiteral, throughMarker } from '../../../grammar/gbnf.ts'
import { pointerTo } from '../../../grammar/json-pointer.ts'
import { valueRule } from '../../../grammar/json-rules.ts'
import { jsonSchemaRule } from '../../../grammar/json-schema-to-gbnf.ts'
import { isExpressible } from '../../../grammar/tool-call-gbnf.ts'
import { parameterForm } from './parameter-form.ts'

/** What stands around each value, its parameter's name in it. */
export interface ParameterTags {
  before(name: string): string
  readonly after: string
}

/** The rule of arguments written between tags, in the order of the schema. */
export function taggedArgumentsRule(
  rules: GrammarRules,
  parameters: JsonObject | undefined,
  tags: ParameterTags,
): string {
  const properties = parameters?.['properties']
  const required: readonly unknown[] = Array.isArray(parameters?.['required']) ? parameters['required'] : []
  const names = isObject(properties) ? Object.keys(properties) : []
  const parts = names.map((name) => {
    const value = parameterValueRule(rules, { parameters: parameters ?? {}, name }, tags.after)
    const parameter = rules.rule('parameter', `${gbnfLiteral(tags.before(name))} ${value}`)
    return required.includes(name) ? parameter : `${parameter}?`
  })
  return parts.length === 0 ? '""' : rules.rule('parameters', parts.join(' '))
}

/** A value and what comes behind it. Text stands as it is; everything else is JSON. */
function parameterValueRule(
  rules: GrammarRules,
  { parameters, name }: { readonly parameters: JsonObject; readonly name: string },
  end: string,
): string {
  const { texts } = parameterForm(parameters, name)
  if (texts === 'any') return throughMarker(rules, end)
  if (texts !== undefined) {
    return `${rules.rule('text', texts.map((text) => gbnfLiteral(text)).join(' | '))} ${gbnfLiteral(end)}`
  }
  const options = { subject: 'tools', part: pointerTo('properties', name) }
  const value = isExpressible(rules, parameters, options)
    ? jsonSchemaRule(rules, parameters, options)
    : valueRule(rules)
  return `${value} ${gbnfLiteral(end)}`
}
