import { isObject } from '../../base/json.ts'
import type { CallKeys, FoundCall } from './call-keys.ts'

/** Models that were taught so write the arguments under this key. */
const OTHER_ARGUMENTS_KEY = 'parameters'

/** Where the JSON object that begins at `start` ends; undefined when the text ends first. */
export function endOfObject(text: string, start: number): number | undefined {
  let depth = 0
  let inString = false
  for (let at = start; at < text.length; at += 1) {
    const character = text[at]
    if (inString) {
      if (character === '\\') at += 1
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{') depth += 1
    else if (character === '}') {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return undefined
}

/** The call that a JSON object is; undefined for other objects, and for what is no JSON. */
export function toCall(json: string, keys: CallKeys): FoundCall | undefined {
  const value = parseLenient(json)
  if (!isObject(value)) return undefined
  // OpenAI's own form of a call has it one level down.
  const inner = value[keys.nameKey] === undefined && isObject(value['function']) ? value['function'] : value
  const name = inner[keys.nameKey]
  if (typeof name !== 'string' || !keys.isTool(name)) return undefined
  return { name, arguments: argumentsText(inner[keys.argumentsKey] ?? inner[OTHER_ARGUMENTS_KEY]) }
}

function argumentsText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value ?? {})
  if (value.trim() === '') return '{}'
  if (isObject(parseOrNothing(value))) return value
  const mended = parseLenient(value)
  return JSON.stringify(isObject(mended) ? mended : value)
}

/** Models break lines within texts, which JSON does not allow. Undefined for what is no JSON even so. */
export function parseLenient(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return parseOrNothing(
      json.replace(/"(?:[^"\\]|\\.)*"/gs, (text) => text.replaceAll('\n', '\\n').replaceAll('\t', '\\t')),
    )
  }
}

function parseOrNothing(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** How much is looked at again and again in search of the ends of objects that have none. */
export const SCAN_BUDGET = 32 * 1024 * 1024

/** All calls in a text, wherever they stand. */
export function findCalls(text: string, keys: CallKeys): readonly FoundCall[] {
  const calls: FoundCall[] = []
  let budget = SCAN_BUDGET
  for (let at = text.indexOf('{'); at >= 0 && budget > 0; ) {
    const end = endOfObject(text, at)
    budget -= (end ?? text.length) - at
    const call = end === undefined ? undefined : toCall(text.slice(at, end), keys)
    if (call !== undefined) calls.push(call)
    at = text.indexOf('{', call === undefined || end === undefined ? at + 1 : end)
  }
  return calls
}
