import type { JsonValue } from '../base/json.ts'
import type { Budget } from './budget.ts'
import { isList, isStruct, sortedEntries, type Value } from './value.ts'

export interface WriteInit {
  readonly budget: Budget
  /** Go writes `<no value>` for nil in a template and `<nil>` inside of other values. */
  readonly nil?: string
}

/** A value as Go's `%v` writes it. */
export function writeValue(value: Value, { budget, nil = '<nil>' }: WriteInit): string {
  budget.step()
  if (value === null) return nil
  if (typeof value === 'string') return value
  if (typeof value === 'number') return writeNumber(value)
  if (typeof value === 'boolean') return String(value)
  if (value instanceof Date)
    return value
      .toISOString()
      .replace('T', ' ')
      .replace(/\.\d+Z$/, ' +0000 UTC')
  if (isList(value))
    return join(
      value.map((each) => writeValue(each, { budget })),
      budget,
    )
  if (isStruct(value)) {
    const fields = [...value.fields.values()]
    return `{${join(
      fields.map((each) => writeValue(each, { budget })),
      budget,
    ).slice(1, -1)}}`
  }
  const entries = sortedEntries(value).map(([key, each]) => `${key}:${writeValue(each, { budget })}`)
  return `map${join(entries, budget)}`
}

function join(parts: readonly string[], budget: Budget): string {
  return budget.text(`[${parts.join(' ')}]`)
}

/** Go's `%v` of a float64: an exponent below -4 or from 21 on, of at least two digits. */
export function writeNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const small = value !== 0 && Math.abs(value) < 1e-4
  const text = small ? value.toExponential() : String(value)
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}

/** JSON as Go's `encoding/json` writes it: keys of maps in order, and `<`, `>` and `&` escaped unless `raw`. */
export function toJsonText(
  value: Value,
  { budget, raw = false, indent = '' }: { readonly budget: Budget; readonly raw?: boolean; readonly indent?: string },
): string {
  const text = JSON.stringify(toJson(value, budget), undefined, indent)
  const escaped = raw ? text : text.replace(/[<>&\u2028\u2029]/g, escapeCharacter)
  return budget.text(escaped)
}

function escapeCharacter(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
}

export function toJson(value: Value, budget: Budget): JsonValue {
  budget.step()
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Date) return value.toISOString()
  if (isList(value)) return value.map((each) => toJson(each, budget))
  if (isStruct(value)) return value.json
  return Object.fromEntries(sortedEntries(value).map(([key, each]) => [key, toJson(each, budget)]))
}
