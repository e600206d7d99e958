import { Environment, Interpreter, Template } from '@huggingface/jinja'
import { AppError } from '../../../base/errors.ts'

const maxTemplateLength = 1 << 20
const maxPromptLength = 1 << 24
/** Parts of the template that one rendering may evaluate: thousands of messages fit, a loop without end does not. */
const maxSteps = 5_000_000
/** For the steps that take long themselves. Looked at now and then. */
const maxRenderMs = 10_000
const stepsPerLook = 64
const stepsPerTurn = 10
const maxRange = 100_000

export interface TemplateClock {
  /** What time it is, for templates that say so. */
  now(): Date
  /** For measuring. */
  elapsedMs(): number
}

export const systemClock: TemplateClock = { now: () => new Date(), elapsedMs: () => performance.now() }

export interface CompiledTemplate {
  /** @throws AppError `request.invalid` with the template's words when it refuses, `model.file-invalid` when it fails. */
  render(variables: Readonly<Record<string, unknown>>): string
}

/** Months as templates expect them, whatever the machine's language. */
const months = 'January February March April May June July August September October November December'.split(' ')

/** A chat template out of a model file: a program of strangers, so that time and size have limits. */
export function compileTemplate(text: string, clock: TemplateClock): CompiledTemplate {
  if (text.length > maxTemplateLength) {
    throw new AppError('model.file-invalid', `the chat template is longer than ${maxTemplateLength} characters`)
  }
  const { parsed } = parse(text)
  return {
    render(variables) {
      try {
        const result = boundedInterpreter(clock).run(parsed, environment(variables, clock.now())).value
        const prompt = typeof result === 'string' ? result : ''
        // Arguments of calls come as JSON, in which half an emoji can be written; llama-server takes no such text.
        if (prompt.length <= maxPromptLength) return prompt.toWellFormed()
      } catch (error) {
        if (error instanceof AppError) throw error
        throw templateFailed(error)
      }
      throw new AppError('request.too-large', `the prompt is longer than ${maxPromptLength} characters`)
    },
  }
}

function parse(text: string): Template {
  try {
    return new Template(text)
  } catch (error) {
    throw new AppError('model.file-invalid', `the model's chat template does not compile: ${reason(error)}`, {
      cause: error,
    })
  }
}

function templateFailed(error: unknown): AppError {
  return new AppError('model.file-invalid', `the model's chat template fails on this conversation: ${reason(error)}`, {
    cause: error,
  })
}

function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300)
}

interface BoundedInterpreter {
  run(program: Template['parsed'], environment: Environment): { readonly value: unknown }
}

function boundedInterpreter(clock: TemplateClock): BoundedInterpreter {
  const interpreter = new Interpreter()
  const evaluate = interpreter.evaluate.bind(interpreter)
  const deadline = clock.elapsedMs() + maxRenderMs
  const loopedOver = new WeakSet<object>()
  let steps = 0
  let nextLook = stepsPerLook

  interpreter.evaluate = (statement: unknown, scope: unknown) => {
    steps += 1
    if (steps >= nextLook) {
      nextLook = steps + stepsPerLook
      if (steps > maxSteps || clock.elapsedMs() > deadline) throw new Error('it takes too long')
    }
    if (isLoop(statement)) loopedOver.add(statement.iterable.lhs ?? statement.iterable)
    const result = evaluate(statement, scope)
    // A turn of a loop costs as much as some steps, even when there is nothing in it.
    if (isNode(statement) && loopedOver.has(statement)) steps += stepsPerTurn * Number(result?.value?.length ?? 0)
    return result
  }
  return { run: (program, scope) => interpreter.evaluate(program, scope) }
}

function isNode(statement: unknown): statement is object {
  return typeof statement === 'object' && statement !== null
}

function isLoop(statement: unknown): statement is { readonly iterable: { readonly lhs?: object } } {
  return isNode(statement) && 'iterable' in statement && isNode(statement.iterable)
}

function environment(variables: Readonly<Record<string, unknown>>, now: Date): Environment {
  const scope = new Environment()
  for (const [name, value] of Object.entries({ ...globals(now), ...variables })) {
    if (value !== undefined) scope.set(name, value)
  }
  return scope
}

function globals(now: Date): Readonly<Record<string, unknown>> {
  return {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range: boundedRange,
    datetime: formatTime('%b %d %Y', now),
    date_string: formatTime('%d %b %Y', now),
    strftime_now: (format: unknown) => formatTime(String(format), now),
    raise_exception: (message: unknown) => {
      throw new AppError('request.invalid', `the model's chat template refuses this conversation: ${reason(message)}`)
    },
  }
}

function boundedRange(first: unknown, last?: unknown, step: unknown = 1): number[] {
  const [from, to] = last === undefined ? [0, Number(first)] : [Number(first), Number(last)]
  const by = Number(step)
  const count = Math.max(0, Math.ceil((to - from) / by))
  if (!Number.isFinite(count) || count > maxRange) throw new Error('range() is too long')
  return Array.from({ length: count }, (_, index) => from + index * by)
}

/** The part of Python's strftime that templates use. */
export function formatTime(format: string, date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const month = months[date.getMonth()] ?? ''
  const parts: Readonly<Record<string, string>> = {
    Y: String(date.getFullYear()),
    m: two(date.getMonth() + 1),
    d: two(date.getDate()),
    B: month,
    b: month.slice(0, 3),
    H: two(date.getHours()),
    M: two(date.getMinutes()),
    S: two(date.getSeconds()),
    '%': '%',
  }
  return format.replaceAll(/%([a-zA-Z%])/g, (whole, letter: string) => parts[letter] ?? whole)
}
