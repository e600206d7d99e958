import { createBudget, DEFAULT_LIMITS, type TemplateLimits } from './budget.ts'
import { evaluate } from './evaluate.ts'
import { TemplateFault, templateError } from './fault.ts'
import { builtin } from './functions/builtin.ts'
import { collections } from './functions/collections.ts'
import { dates } from './functions/dates.ts'
import { encodings } from './functions/encodings.ts'
import { numbers } from './functions/numbers.ts'
import { patterns } from './functions/patterns.ts'
import type { TemplateFunction } from './functions/template-function.ts'
import { texts } from './functions/texts.ts'
import { parseTemplate } from './parser.ts'
import type { Value } from './value.ts'

/** A Go text template (https://pkg.go.dev/text/template) with the common functions of Sprig. */
export interface Template {
  readonly name: string
  /** Throws `model.config-invalid` with line and column for what the template does wrong, or too much of. */
  render(data: Value, options?: RenderOptions): string
}

export interface RenderOptions {
  readonly now?: () => Date
  readonly limits?: Partial<TemplateLimits>
}

const LONGEST_SOURCE = 256 * 1024

const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map(
  [builtin, texts, collections, numbers, encodings, dates, patterns].flatMap((table) => Object.entries(table)),
)

/** Reads a template once, to be rendered many times. Throws `model.config-invalid` with line and column. */
export function compileTemplate(name: string, source: string): Template {
  const described = { name, source }
  const parsed = withPlace(described, () => {
    if (source.length > LONGEST_SOURCE) throw new TemplateFault(`more than ${LONGEST_SOURCE} characters`)
    return parseTemplate(source, (word) => FUNCTIONS.has(word))
  })
  return {
    name,
    render(data, { now = () => new Date(), limits = {} } = {}) {
      const budget = createBudget({ ...DEFAULT_LIMITS, ...limits })
      return withPlace(described, () => evaluate(data, { template: parsed, functions: FUNCTIONS, budget, now }))
    },
  }
}

function withPlace<T>(template: { readonly name: string; readonly source: string }, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof TemplateFault) throw templateError(error, template)
    // The engine's word for values in values without end.
    if (error instanceof RangeError) throw templateError(new TemplateFault('values nest too deeply'), template)
    throw error
  }
}
