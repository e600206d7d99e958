import { TemplateFault } from '../fault.ts'
import type { Value } from '../value.ts'
import { ANY_NUMBER, define, type FunctionTable, integer, number } from './template-function.ts'

/** Sprig's arithmetic (https://masterminds.github.io/sprig/math.html): whole numbers, unless the name ends in `f`. */
export const numbers: FunctionTable = {
  int: define(1, ([value]) => integer(value)),
  int64: define(1, ([value]) => integer(value)),
  float64: define(1, ([value]) => number(value)),
  atoi: define(1, ([value]) => integer(value)),
  add: define(0, (given) => given.reduce<number>((sum, each) => sum + integer(each), 0), ANY_NUMBER),
  add1: define(1, ([value]) => integer(value) + 1),
  sub: define(2, ([one, other]) => integer(one) - integer(other)),
  mul: define(1, (given) => given.reduce<number>((product, each) => product * integer(each), 1), ANY_NUMBER),
  div: define(2, ([one, other]) => Math.trunc(integer(one) / divisor(other))),
  mod: define(2, ([one, other]) => integer(one) % divisor(other)),
  max: define(1, (given) => Math.max(...given.map(integer)), ANY_NUMBER),
  min: define(1, (given) => Math.min(...given.map(integer)), ANY_NUMBER),
  addf: define(0, (given) => given.reduce<number>((sum, each) => sum + number(each), 0), ANY_NUMBER),
  subf: define(2, ([one, other]) => number(one) - number(other)),
  mulf: define(1, (given) => given.reduce<number>((product, each) => product * number(each), 1), ANY_NUMBER),
  divf: define(2, ([one, other]) => number(one) / number(other)),
  maxf: define(1, (given) => Math.max(...given.map(number)), ANY_NUMBER),
  minf: define(1, (given) => Math.min(...given.map(number)), ANY_NUMBER),
  floor: define(1, ([value]) => Math.floor(number(value))),
  ceil: define(1, ([value]) => Math.ceil(number(value))),
  round: define(2, ([value, places]) => round(number(value), integer(places)), 3),
}

function divisor(value: Value | undefined): number {
  const by = integer(value)
  if (by === 0) throw new TemplateFault('division by zero')
  return by
}

function round(value: number, places: number): number {
  const factor = 10 ** Math.max(-15, Math.min(places, 15))
  return Math.round(value * factor) / factor
}
