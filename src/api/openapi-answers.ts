import { type TSchema, Type } from 'typebox'
import { errorSchemaOf } from './openapi-errors.ts'
import type { DescribedRoute } from './openapi-routes.ts'

/** OpenAPI's media types of one answer (3.1, Response Object). */
type Content = Record<string, { readonly schema: object; readonly 'x-event-schema'?: TSchema }>

/** One answer as `@fastify/swagger` takes it: a description, and content unless the body is empty. */
export type DescribedAnswer =
  | { readonly type: 'null'; readonly description: string }
  | { readonly description: string; readonly content: Content }

const SAYS: Readonly<Record<string, string>> = {
  '4XX': 'The request cannot be answered like this. With opaque errors the body is empty.',
  '5XX': 'The node has failed, or cannot answer now. With opaque errors the body is empty.',
}

/** Every answer of a route: those that it names, its event stream, and errors in the shape of its dialect. */
export function describeAnswers({ schema, config }: DescribedRoute): Record<string, DescribedAnswer> {
  const named = isRecord(schema.response) ? schema.response : {}
  const answers: Record<string, DescribedAnswer> = {}
  for (const [status, answer] of Object.entries(named)) answers[status] = describe(answer)
  if (config.events !== undefined) answers['200'] = withEvents(answers['200'], config.events)
  if (Object.keys(answers).length === 0) answers['200'] = describe(Type.Null())
  if (config.inference !== undefined && schema.summary === undefined) answers['200'] = passedOn(answers['200'])
  const error = errorSchemaOf(config.errorShape)
  for (const [status, description] of Object.entries(SAYS)) {
    answers[status] = { description, content: { 'application/json': { schema: error } } }
  }
  return answers
}

/** A node without models knows the way to an answer, not what is in it. */
function passedOn(answer: DescribedAnswer | undefined): DescribedAnswer {
  const content = answer !== undefined && 'content' in answer ? answer.content : {}
  const description = 'As the node says that answers; its own document has more'
  return { description, content: { ...content, '*/*': { schema: {} } } }
}

/** The data of every event is of `x-event-schema`: OpenAPI 3.1 has no words for streams. */
function withEvents(answer: DescribedAnswer | undefined, events: TSchema): DescribedAnswer {
  const content = answer !== undefined && 'content' in answer ? answer.content : {}
  return {
    description: answer?.description ?? 'events',
    content: { ...content, 'text/event-stream': { schema: { type: 'string' }, 'x-event-schema': events } },
  }
}

function describe(schema: unknown): DescribedAnswer {
  if (!isRecord(schema)) throw new TypeError('an answer is described by a schema')
  const description = typeof schema['description'] === 'string' ? schema['description'] : 'done'
  if (schema['type'] === 'null') return { type: 'null', description }
  return { description, content: contentOf(schema) }
}

function contentOf(schema: Readonly<Record<string, unknown>>): Content {
  const { contentMediaType, anyOf, type } = schema
  if (typeof contentMediaType === 'string') return { [rangeOf(contentMediaType)]: { schema: {} } }
  if (type === 'string') return { 'text/plain': { schema } }
  if (!Array.isArray(anyOf) || !anyOf.some(isText)) return { 'application/json': { schema } }
  const rest: unknown[] = anyOf.filter((branch) => !isText(branch))
  return { 'application/json': { schema: { anyOf: rest } }, 'text/plain': { schema: { type: 'string' } } }
}

/** A text is sent as it is, not as JSON. */
function isText(branch: unknown): boolean {
  return isRecord(branch) && branch['type'] === 'string'
}

/** Sound comes in the format that was asked for, and files are of any kind. */
function rangeOf(mediaType: string): string {
  if (mediaType === 'application/octet-stream') return '*/*'
  return mediaType.startsWith('audio/') ? 'audio/*' : mediaType
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
