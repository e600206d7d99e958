import { type TSchema, Type } from 'typebox'
import { ResponseError } from '../responses/resource.ts'
import { MESSAGES } from './anthropic/inference-paths.ts'
import { ErrorBody as AnthropicError } from './anthropic/response-schema.ts'
import type { ErrorShape } from './error-shape.ts'
import { failureShape, plainShape } from './localai/management-deps.ts'
import { ErrorBody as OpenAIError } from './openai/response-schema.ts'
import { RESPONSE_PATHS } from './responses/inference-paths.ts'

const exact = { additionalProperties: false } as const

const ResponsesError = Type.Object({ error: ResponseError }, exact)
const PlainError = Type.Object({ error: Type.String() }, exact)
const FailureError = Type.Object({ success: Type.Literal(false), error: Type.String() }, exact)

const SCHEMAS: ReadonlyMap<ErrorShape | undefined, TSchema> = new Map<ErrorShape | undefined, TSchema>([
  [undefined, OpenAIError],
  [MESSAGES.config.errorShape, AnthropicError],
  ...RESPONSE_PATHS.map(({ config }) => [config.errorShape, ResponsesError] as const),
  [plainShape, PlainError],
  [failureShape, FailureError],
])

/** What an error looks like in the shape of a dialect; absent: OpenAI's. */
export function errorSchemaOf(shape: ErrorShape | undefined): TSchema {
  const schema = SCHEMAS.get(shape)
  if (schema === undefined) throw new Error('an error shape without a schema: add it here')
  return schema
}
