import { AppError } from '../base/errors.ts'
import { createGrammarRules, type GrammarRules, gbnfLiteral, textWithout, throughMarker } from './gbnf.ts'
import { objectRule } from './json-rules.ts'
import type { JsonSchema } from './json-schema.ts'
import { type JsonSchemaGrammarOptions, jsonSchemaRule, jsonSchemaToGbnf } from './json-schema-to-gbnf.ts'
import { readGbnf } from './read-gbnf.ts'
import { createGbnfWriter } from './write-gbnf.ts'

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
  return behindThoughts(rules, callRule(rules, calls), thoughts)
}

/**
 * A grammar for an answer that is free to be anything, in which whatever begins like a call, with one of `openers`, is one
 * of these; nothing but calls follows on it. Undefined when the forms do not all begin with the same one of the openers.
 */
export function answerOrCallsGbnf(
  calls: readonly ToolCallForm[],
  openers: readonly string[],
  thoughts?: ThoughtsForm,
): string | undefined {
  const opener = openers.find((text) => calls.every(({ before }) => before.startsWith(text)))
  if (opener === undefined) return undefined
  const rules = createGrammarRules()
  const call = callRule(
    rules,
    calls.map((form) => ({ ...form, before: form.before.slice(opener.length) })),
  )
  const then = rules.rule('calls', `${call} ( ${BLANKS} ${gbnfLiteral(opener)} ${call} )* ${BLANKS}`)
  return behindThoughts(rules, textWithout(rules, openers, { marker: opener, then }), thoughts)
}

/**
 * A grammar for an answer that is one of `answer`, a grammar too, or one or more of these calls. Undefined for an `answer`
 * that only llama.cpp can read, and when the two together are too large.
 */
export function grammarOrCallsGbnf(answer: string, calls: readonly ToolCallForm[]): string | undefined {
  try {
    const read = readGbnf(answer)
    const rules = createGrammarRules()
    const writer = createGbnfWriter(read, rules)
    const root = writer.ruleOf(read.root)
    writer.writeRules()
    const call = callRule(rules, calls)
    return rules.toText(`${root} | ${call} ( ${BLANKS} ${call} )* ${BLANKS}`)
  } catch (error) {
    if (error instanceof AppError && error.code === 'request.invalid') return undefined
    throw error
  }
}

const BLANKS = '[ \\n]{0,4}'

/** Exactly one call, of any of these forms. */
function callRule(rules: GrammarRules, calls: readonly ToolCallForm[]): string {
  const alternatives = calls.map(
    (call) => `${literalOrNothing(call.before)} ${call.arguments(rules)} ${literalOrNothing(call.after)}`,
  )
  return rules.rule('call', alternatives.join(' | '))
}

/** The whole grammar of an answer that may or must begin with thoughts. */
function behindThoughts(rules: GrammarRules, answer: string, thoughts: ThoughtsForm | undefined): string {
  if (thoughts === undefined) return rules.toText(answer)
  const through = `${throughMarker(rules, thoughts.close)} ${thoughts.blanksAfter ? BLANKS : ''}`
  if (thoughts.isOpen) return rules.toText(`${through} ${answer}`)
  return rules.toText(`( ${gbnfLiteral(thoughts.open)} ${through} )? ${answer}`)
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
  if (schema.type !== 'object' || !isExpressible(rules, schema)) return objectRule(rules)
  return jsonSchemaRule(rules, schema, { subject: 'tools' })
}

/**
 * Asked of other rules than these, since a schema that fails half-way leaves rules behind that refer to nothing; but many
 * schemas together may not cost more than one.
 */
export function isExpressible(
  { effort }: GrammarRules,
  schema: JsonSchema,
  options: JsonSchemaGrammarOptions = {},
): boolean {
  try {
    jsonSchemaToGbnf(schema, { ...options, effort })
    return true
  } catch (error) {
    if (error instanceof AppError && error.code === 'request.invalid') return false
    throw error
  }
}
