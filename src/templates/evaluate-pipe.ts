import type { Budget } from './budget.ts'
import { placed, TemplateFault } from './fault.ts'
import type { TemplateFunction } from './functions/template-function.ts'
import type { Command, Operand, Pipe } from './nodes.ts'
import { fieldOf, isList, isTrue, type Value } from './value.ts'

/** What values are computed with. */
export interface Machine {
  readonly functions: ReadonlyMap<string, TemplateFunction>
  readonly budget: Budget
  readonly now: () => Date
}

export interface Variable {
  readonly name: string
  value: Value
}

/** One template at work: what `.` is, and the variables, of which the last of a name counts. */
export interface Frame {
  readonly dot: Value
  readonly variables: Variable[]
  readonly depth: number
}

/** The result of a pipeline, which is also put into its variables. */
export function pipeValue(machine: Machine, { commands, variables, declares }: Pipe, frame: Frame): Value {
  let value: Value | undefined
  for (const command of commands) {
    const before = value
    value = placed(command.offset, () => runCommand(machine, command, { frame, piped: before }))
  }
  const result = value ?? null
  for (const name of variables) setVariable(frame, { name, declares, value: result })
  return result
}

export function setVariable(frame: Frame, { name, declares, value }: Variable & { readonly declares: boolean }): void {
  if (declares) frame.variables.push({ name, value })
  else variable(frame, name).value = value
}

function variable({ variables }: Frame, name: string): Variable {
  const found = variables.findLast((known) => known.name === name)
  if (found === undefined) throw new TemplateFault(`undefined variable ${name}`)
  return found
}

function runCommand(
  machine: Machine,
  { operand, arguments: operands }: Command,
  { frame, piped }: { readonly frame: Frame; readonly piped: Value | undefined },
): Value {
  machine.budget.step()
  if (operand.type !== 'call') {
    if (piped !== undefined) throw new TemplateFault("can't pipe into something that is no function")
    return operandValue(machine, operand, frame)
  }
  const { name } = operand
  const lazy = operands.map((each) => () => operandValue(machine, each, frame))
  if (piped !== undefined) lazy.push(() => piped)
  // These two stop at the argument that decides.
  if (name === 'and' || name === 'or') return firstDeciding(name, lazy)
  return callFunction(
    machine,
    name,
    lazy.map((each) => each()),
  )
}

function firstDeciding(name: 'and' | 'or', lazy: readonly (() => Value)[]): Value {
  if (lazy.length === 0) throw new TemplateFault(`wrong number of args for ${name}: want at least 1 got 0`)
  let value: Value = null
  for (const each of lazy) {
    value = each()
    if (isTrue(value) === (name === 'or')) return value
  }
  return value
}

function callFunction({ functions, budget, now }: Machine, name: string, given: readonly Value[]): Value {
  const called = functions.get(name)
  if (called === undefined) throw new TemplateFault(`function ${JSON.stringify(name)} not defined`)
  const { least, most, call } = called
  if (given.length < least || given.length > most) {
    throw new TemplateFault(`wrong number of args for ${name}: want ${wanted(least, most)} got ${given.length}`)
  }
  try {
    const value = call(given, { budget, now })
    if (typeof value === 'string') budget.characters(value.length)
    if (isList(value)) budget.entries(value.length)
    if (value instanceof Map) budget.entries(value.size)
    return value
  } catch (error) {
    throw error instanceof TemplateFault ? new TemplateFault(`error calling ${name}: ${error.message}`) : error
  }
}

function wanted(least: number, most: number): string {
  if (least === most) return `${least}`
  return Number.isFinite(most) ? `${least} to ${most}` : `at least ${least}`
}

function operandValue(machine: Machine, operand: Operand, frame: Frame): Value {
  switch (operand.type) {
    case 'constant':
      return operand.value
    case 'dot':
      return frame.dot
    case 'variable':
      return variable(frame, operand.name).value
    case 'pipe':
      return pipeValue(machine, operand.pipe, frame)
    case 'call':
      return placed(operand.offset, () => callFunction(machine, operand.name, []))
    case 'fields': {
      let value = operandValue(machine, operand.of, frame)
      for (const name of operand.names) value = placed(operand.offset, () => fieldOf(value, name))
      return value
    }
    default:
      return operand satisfies never
  }
}
