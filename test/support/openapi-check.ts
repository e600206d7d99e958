import { Compile } from 'typebox/compile'

/** The part of an OpenAPI document that answers are held against. */
interface Operation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, MediaType>> }>>
}
interface MediaType {
  readonly schema?: object
  readonly 'x-event-schema'?: object
}
export interface OpenApiDocument {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas?: object; readonly securitySchemes: object }
}

export interface GivenAnswer {
  readonly method: string
  /** A path of the document: `/v1/models/{model}`. */
  readonly path: string
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Says what is wrong with an answer; undefined when it is as the document tells. Throws for nothing. */
export function createAnswerCheck(document: OpenApiDocument): (answer: GivenAnswer) => string | undefined {
  const compiled = new WeakMap<object, ReturnType<typeof Compile>>()

  function problemOf(schema: object, value: unknown): string | undefined {
    const validator = compiled.get(schema) ?? Compile({ components: document.components, ...schema })
    compiled.set(schema, validator)
    if (validator.Check(value)) return undefined
    const errors = [...validator.Errors(value)].slice(0, 6).map((error) => `${error.instancePath} ${error.message}`)
    return `${errors.join('; ')} in ${JSON.stringify(value)?.slice(0, 600)}`
  }

  return ({ method, path, status, contentType, body }) => {
    const operation = document.paths[path]?.[method.toLowerCase()]
    if (operation === undefined) return 'is not in the document'
    const { responses } = operation
    const response = responses[status] ?? responses[`${String(status)[0]}XX`]
    if (response === undefined) return `has no status ${status} in the document`
    if (body === '') return status >= 400 || isEmptyAllowed(response.content) ? undefined : 'has an empty body'
    const type = contentType.split(';', 1)[0]?.trim() ?? ''
    const media = mediaOf(response.content ?? {}, type)
    if (media === undefined) return `has no ${type || 'body'} for ${status} in the document`
    if (type === 'text/event-stream') {
      const schema = media['x-event-schema']
      if (schema === undefined) return 'has no schema for its events'
      return first(eventsIn(body), (data) => problemOf(schema, data))
    }
    if (type === 'application/json') return problemOf(media.schema ?? {}, parsed(body))
    return undefined
  }
}

function isEmptyAllowed(content: Readonly<Record<string, MediaType>> | undefined): boolean {
  return content === undefined || 'text/plain' in content
}

function mediaOf(content: Readonly<Record<string, MediaType>>, type: string): MediaType | undefined {
  return content[type] ?? content[`${type.split('/', 1)[0]}/*`] ?? content['*/*']
}

const NOT_JSON = Symbol('not JSON')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return NOT_JSON
  }
}

/** The data of every event; comments and `[DONE]` carry none. */
function eventsIn(stream: string): readonly unknown[] {
  return stream
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice('data: '.length))
    .filter((data) => data !== '[DONE]')
    .map(parsed)
}

function first<T>(values: readonly T[], find: (value: T) => string | undefined): string | undefined {
  for (const value of values) {
    const found = find(value)
    if (found !== undefined) return found
  }
  return undefined
}

/** As the document writes the path of a route: `/a/:b/*` is `/a/{b}/{*}`. */
export function toDocumentPath(url: string): string {
  return url.replaceAll(/:(\w+)/g, '{$1}').replace(/\*$/, '{*}')
}
