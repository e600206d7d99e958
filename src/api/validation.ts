import type { FastifySchemaCompiler, FastifyServerOptions } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { AppError } from '../base/errors.ts'

/** The part of a JSON-schema complaint that we read. */
export interface ValidationProblem {
  readonly instancePath: string
  readonly keyword: string
  readonly params: object
  readonly message?: string
}

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>
type BuildValidator = NonNullable<NonNullable<SchemaController['compilersFactory']>['buildValidator']>
type Validate = ReturnType<FastifySchemaCompiler<TSchema>>

/**
 * Checks requests with TypeBox's own compiler, and never changes them. It is ten times faster to set up than the
 * framework's default, which is then not even loaded. What we send is typed by its schema and needs no serializer.
 */
export function createSchemaController(): SchemaController {
  const compiled = new WeakMap<TSchema, Validate>()
  const compile: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
    const known = compiled.get(schema)
    if (known !== undefined) return known
    const validator = Compile(schema)
    const validate: Validate = (value: unknown) =>
      validator.Check(value) ? { value } : { error: toValidationError(validator.Errors(value), httpPart) }
    compiled.set(schema, validate)
    return validate
  }
  return {
    compilersFactory: {
      // The declared type knows Ajv's schemas only.
      buildValidator: (() => compile) as unknown as BuildValidator,
      buildSerializer: () => () => (value: unknown) => JSON.stringify(value),
    },
  }
}

/**
 * One sentence about the field that is most likely to blame: of a union's many complaints, those deepest in the body
 * belong to the branch that fitted best.
 */
export function toValidationError(problems: readonly ValidationProblem[], part: string | undefined): AppError {
  const place = part ?? 'request'
  const concrete = problems.filter(({ keyword }) => keyword !== 'anyOf')
  const depth = Math.max(...concrete.map(depthOf))
  const first = concrete.find((problem) => depthOf(problem) === depth)
  if (first === undefined) return new AppError('request.invalid', `the ${place} is invalid`)
  const param = fieldOf(first)
  const rivals = concrete.filter((problem) => fieldOf(problem) === param && depthOf(problem) === depth)
  const message = `${param === '' ? `the ${place}` : param} ${complaint(rivals)}`
  return new AppError('request.invalid', message, param === '' ? {} : { details: { param } })
}

/** A field that is missing counts as deep as one that is wrong. */
function depthOf({ instancePath, keyword }: ValidationProblem): number {
  return instancePath.split('/').length + (keyword === 'required' ? 1 : 0)
}

/** `/messages/0/content` -> `messages[0].content` */
function fieldOf(problem: ValidationProblem): string {
  const path = problem.instancePath.slice(1).replaceAll(/(^|\/)(\d+)(?=\/|$)/g, '[$2]')
  const missing = problem.keyword === 'required' ? listed(problem, 'requiredProperties')[0] : undefined
  return [...path.split('/'), missing]
    .filter((name) => name !== '' && name !== undefined)
    .join('.')
    .slice(0, 200)
}

/** What is wrong with one field; several complaints are the branches of a union. */
function complaint(problems: readonly ValidationProblem[]): string {
  const required = problems.some(({ keyword }) => keyword === 'required')
  if (required) return 'is required'
  const values = problems.flatMap((problem) => listed(problem, 'allowedValues'))
  if (values.length > 0) return `must be one of: ${values.join(', ')}`
  // `null` is accepted nearly everywhere and explains nothing.
  const types = problems.filter(({ keyword }) => keyword === 'type').flatMap((problem) => listed(problem, 'type'))
  const wanted = [...new Set(types)].filter((type) => type !== 'null')
  const bound = problems.find(({ keyword }) => keyword !== 'type')
  if (bound !== undefined) return bound.message ?? 'is invalid'
  return `must be ${wanted.map(withArticle).join(' or ')}`
}

function withArticle(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

function listed({ params }: ValidationProblem, name: string): readonly string[] {
  const value: unknown = Reflect.get(params, name)
  if (value === undefined) return []
  return Array.isArray(value) ? value.map(String) : [String(value)]
}
