import type { JsonValue } from '../../base/json.ts'
import { TemplateFault } from '../fault.ts'
import { toJsonText } from '../format.ts'
import { fromJson as fromJsonValue, type Value } from '../value.ts'
import { define, type FunctionContext, type FunctionTable, text } from './template-function.ts'

const toJson = define(1, ([value = null], { budget }) => toJsonText(value, { budget }))
const toPrettyJson = define(1, ([value = null], { budget }) => toJsonText(value, { budget, indent: '  ' }))
const toRawJson = define(1, ([value = null], { budget }) => toJsonText(value, { budget, raw: true }))

/** JSON in and out, under Sprig's names. */
export const encodings: FunctionTable = {
  toJson,
  mustToJson: toJson,
  toPrettyJson,
  mustToPrettyJson: toPrettyJson,
  toRawJson,
  mustToRawJson: toRawJson,
  // What is no JSON is nil to the one and an error to the other.
  fromJson: define(1, ([value], context) => parse(text(value), context) ?? null),
  mustFromJson: define(1, ([value], context) => {
    const parsed = parse(text(value), context)
    if (parsed === undefined) throw new TemplateFault('the text is no JSON')
    return parsed
  }),
}

const DEEPEST = 200

function parse(json: string, { budget }: FunctionContext): Value | undefined {
  budget.step(Math.ceil(json.length / 16))
  if (depthOf(json) > DEEPEST) throw new TemplateFault(`JSON that nests more than ${DEEPEST} deep`)
  try {
    return fromJsonValue(JSON.parse(json) as JsonValue)
  } catch {
    return undefined
  }
}

/** At most: brackets in texts count too. */
function depthOf(json: string): number {
  let depth = 0
  let deepest = 0
  for (const character of json) {
    if (character === '{' || character === '[') depth += 1
    if (character === '}' || character === ']') depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}
