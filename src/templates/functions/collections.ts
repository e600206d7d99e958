import { TemplateFault } from '../fault.ts'
import { compareText, isTrue, kindOf, type Value, type ValueMap } from '../value.ts'
import { same } from './builtin.ts'
import {
  ANY_NUMBER,
  define,
  type FunctionContext,
  type FunctionTable,
  integer,
  list,
  map,
  text,
} from './template-function.ts'

/** Sprig's functions on lists and dicts (https://masterminds.github.io/sprig/lists.html, dicts.html). */
export const collections: FunctionTable = {
  list: define(0, (given) => [...given], ANY_NUMBER),
  tuple: define(0, (given) => [...given], ANY_NUMBER),
  first: define(1, ([values]) => list(values)[0] ?? null),
  last: define(1, ([values]) => list(values).at(-1) ?? null),
  rest: define(1, ([values]) => list(values).slice(1)),
  initial: define(1, ([values]) => list(values).slice(0, -1)),
  append: define(2, ([values, value = null]) => [...list(values), value]),
  push: define(2, ([values, value = null]) => [...list(values), value]),
  prepend: define(2, ([values, value = null]) => [value, ...list(values)]),
  concat: define(
    0,
    (given, { budget }) => {
      budget.entries(given.reduce<number>((sum, each) => sum + list(each).length, 0))
      return given.flatMap((each) => list(each))
    },
    ANY_NUMBER,
  ),
  reverse: define(1, ([values]) => list(values).toReversed()),
  uniq: define(1, ([values], { budget }) => unique(list(values), budget)),
  without: define(
    1,
    ([values, ...omitted]) => list(values).filter((each) => !omitted.some((other) => same(each, other))),
    ANY_NUMBER,
  ),
  compact: define(1, ([values]) => list(values).filter(isTrue)),
  has: define(2, ([value = null, values]) => list(values ?? []).some((each) => same(each, value))),
  sortAlpha: define(1, ([values]) => list(values).map(String).sort(compareText)),
  until: define(1, ([count], { budget }) =>
    sequence({ from: 0, to: integer(count), step: integer(count) < 0 ? -1 : 1 }, budget),
  ),
  untilStep: define(3, ([from, to, step], { budget }) =>
    sequence({ from: integer(from), to: integer(to), step: integer(step) }, budget),
  ),
  dict: define(
    0,
    (given) => {
      const pairs = new Map<string, Value>()
      for (let index = 0; index < given.length; index += 2) pairs.set(String(given[index]), given[index + 1] ?? '')
      return pairs
    },
    ANY_NUMBER,
  ),
  get: define(2, ([values, key]) => map(values).get(text(key)) ?? ''),
  set: define(3, ([values, key, value = null], { budget }) => {
    const changed = map(values).set(text(key), value)
    budget.entries(changed.size)
    return changed
  }),
  unset: define(2, ([values, key]) => {
    map(values).delete(text(key))
    return map(values)
  }),
  hasKey: define(2, ([values, key]) => map(values).has(text(key))),
  keys: define(0, (given) => given.flatMap((each) => [...map(each).keys()]).sort(compareText), ANY_NUMBER),
  values: define(1, ([values]) =>
    [...map(values)].sort(([one], [other]) => compareText(one, other)).map(([, each]) => each),
  ),
  pick: define(1, ([values, ...names]) => filtered(map(values), (key) => names.includes(key)), ANY_NUMBER),
  omit: define(1, ([values, ...names]) => filtered(map(values), (key) => !names.includes(key)), ANY_NUMBER),
  pluck: define(
    1,
    ([key, ...values]) =>
      values
        .map(map)
        .filter((each) => each.has(text(key)))
        .map((each) => each.get(text(key)) ?? null),
    ANY_NUMBER,
  ),
  merge: define(
    1,
    ([target, ...sources]) => {
      const merged = map(target)
      for (const source of sources) for (const [key, value] of map(source)) if (!merged.has(key)) merged.set(key, value)
      return merged
    },
    ANY_NUMBER,
  ),
  dig: define(3, (given) => dig(given), ANY_NUMBER),
  default: define(1, ([fallback = null, value = null]) => (isTrue(value) ? value : fallback), 2),
  empty: define(1, ([value = null]) => !isTrue(value)),
  coalesce: define(0, (given) => given.find(isTrue) ?? null, ANY_NUMBER),
  all: define(0, (given) => given.every(isTrue), ANY_NUMBER),
  any: define(0, (given) => given.some(isTrue), ANY_NUMBER),
  ternary: define(3, ([yes = null, no = null, condition]) => (condition === true ? yes : no)),
  kindOf: define(1, ([value = null]) => kindOf(value)),
  kindIs: define(2, ([kind, value = null]) => kindOf(value) === kind),
  deepEqual: define(2, ([one = null, other = null]) => same(one, other)),
  fail: define(1, ([message]) => {
    throw new TemplateFault(text(message))
  }),
}

/** Compares every entry with those before it; the steps bound it. */
function unique(values: readonly Value[], budget: FunctionContext['budget']): readonly Value[] {
  const kept: Value[] = []
  for (const value of values) {
    budget.step(kept.length)
    if (!kept.some((other) => same(value, other))) kept.push(value)
  }
  return kept
}

function sequence(
  { from, to, step }: { readonly from: number; readonly to: number; readonly step: number },
  budget: FunctionContext['budget'],
): readonly number[] {
  const count = step === 0 ? 0 : Math.max(0, Math.ceil((to - from) / step))
  budget.entries(count)
  return Array.from({ length: count }, (_, index) => from + index * step)
}

function filtered(values: ValueMap, keeps: (key: string) => boolean): ValueMap {
  return new Map([...values].filter(([key]) => keeps(key)))
}

/** `dig "key" … default dict`: what is at the end of the keys, or the default. */
function dig(given: readonly Value[]): Value {
  const fallback = given.at(-2) ?? null
  let value: Value = map(given.at(-1))
  for (const key of given.slice(0, -2)) {
    if (!(value instanceof Map)) throw new TemplateFault(`there is no ${String(key)} in a ${kindOf(value)}`)
    if (!value.has(text(key))) return fallback
    value = value.get(text(key)) ?? null
  }
  return value
}
