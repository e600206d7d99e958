import type { Budget } from '../budget.ts'
import { TemplateFault } from '../fault.ts'
import { isList, kindOf, type Value, type ValueMap } from '../value.ts'

/** What a function may use besides its arguments. */
export interface FunctionContext {
  readonly budget: Budget
  readonly now: () => Date
}

/** A function that templates may call; `least` to `most` arguments have been checked. Throws TemplateFault. */
export interface TemplateFunction {
  readonly least: number
  readonly most: number
  readonly call: (given: readonly Value[], context: FunctionContext) => Value
}

export type FunctionTable = Readonly<Record<string, TemplateFunction>>

/** A function of so many arguments; without `most`, of exactly `least`. */
export function define(least: number, call: TemplateFunction['call'], most = least): TemplateFunction {
  return { least, most, call }
}

export const ANY_NUMBER = Number.POSITIVE_INFINITY

/** The argument, which must be a text. */
export function text(value: Value | undefined): string {
  if (typeof value === 'string') return value
  throw new TemplateFault(`expected string; found ${kindOf(value ?? null)}`)
}

/** The argument as a number, however it is written. What is none counts as 0, as in Sprig. */
export function number(value: Value | undefined): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'string' || value.trim() === '') return 0
  const parsed = Number(value)
  return Number.isNaN(parsed) ? 0 : parsed
}

export function integer(value: Value | undefined): number {
  return Math.trunc(number(value))
}

export function list(value: Value | undefined): readonly Value[] {
  if (value !== undefined && isList(value)) return value
  throw new TemplateFault(`expected a list; found ${kindOf(value ?? null)}`)
}

export function map(value: Value | undefined): ValueMap {
  if (value instanceof Map) return value
  throw new TemplateFault(`expected a dict; found ${kindOf(value ?? null)}`)
}
