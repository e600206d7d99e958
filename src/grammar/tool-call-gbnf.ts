import { AppError } from '../base/errors.ts'
import { createGrammarRules, type GrammarRules, gbnfLiteral, throughMarker } from './gbnf.ts'
import { objectRule } from './json-rules.ts'
import type { JsonSchema } from './json-schema.ts'
import { jsonSchemaRule, jsonSchemaToGbnf } from './json-schema-to-gbnf.ts'

/** Text that may or must come before the call: what the model thinks. */
export interface ThoughtsForm {
  readonly open: string
  readonly close: string
  /** The prompt has written `open` already: the thoughts have begun and must end. */
  readonly isOpen: boolean
  /** White space may follow on `close`. */
  readonly blanksAfter: boolean
}

export interface ToolCallForm {
  /** The text up to the arguments, the tool's name in it. */
  readonly before: string
  /** The rule of the arguments. */
  readonly arguments: (rules: GrammarRules) => string
  readonly after: string
}

/** A grammar for exactly one call, of any of these forms, after the model's thoughts if it has any. */
export function toolCallGbnf(calls: readonly ToolCallForm[], thoughts?: ThoughtsForm): string {
  const rules = createGrammarRules()
  const alternatives = calls.map(
    (call) => `${literalOrNothing(call.before)} ${call.arguments(rules)} ${literalOrNothing(call.after)}`,
  )
  const call = rules.rule('call', alternatives.join(' | '))
  if (thoughts === undefined) return rules.toText(call)
  const through = `${throughMarker(rules, thoughts.close)} ${thoughts.blanksAfter ? '[ \\n]{0,4}' : ''}`
  if (thoughts.isOpen) return rules.toText(`${through} ${call}`)
  return rules.toText(`( ${gbnfLiteral(thoughts.open)} ${through} )? ${call}`)
}

function literalOrNothing(text: string): string {
  return text === '' ? '' : gbnfLiteral(text)
}

/**
 * The rule of a tool's arguments as JSON. A schema that no grammar can express, or that is not one of objects, gives
 * any JSON object: a tool whose schema is unusual can still be called.
 */
export function toolArgumentsRule(rules: GrammarRules, parameters: JsonSchema | undefined): string {
  if (parameters === undefined || Object.keys(parameters).length === 0) return objectRule(rules)
  const schema = { type: 'object', ...parameters }
  if (schema.type !== 'object' || !isExpressible(schema)) return objectRule(rules)
  return jsonSchemaRule(rules, schema, { subject: 'tools' })
}

/** Asked of rules of their own, since a schema that fails half-way leaves rules behind that refer to nothing. */
export function isExpressible(schema: JsonSchema): boolean {
  try {
    jsonSchemaToGbnf(schema)
    return true
  } catch (error) {
    if (error instanceof AppError && error.code === 'request.invalid') return false
    throw error
  }
}
