import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { AppError } from '../../base/errors.ts'

const ApiKeys = Compile(Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { maxItems: 1000 }))
const ExternalBackends = Compile(
  Type.Record(Type.String({ pattern: '^[a-zA-Z0-9._-]{1,128}$' }), Type.String({ minLength: 1, maxLength: 4096 }), {
    maxProperties: 1000,
    additionalProperties: false,
  }),
)

/** `api_keys.json`. Throws `config.invalid`. */
export function parseApiKeys(content: unknown): readonly string[] {
  if (ApiKeys.Check(content)) return content
  throw new AppError('config.invalid', 'it is no JSON list of at most 1000 texts of 1 to 512 characters')
}

export interface NamedBackend {
  readonly name: string
  readonly uri: string
}

/** `external_backends.json`. Throws `config.invalid`. */
export function parseExternalBackendsFile(content: unknown): readonly NamedBackend[] {
  if (ExternalBackends.Check(content)) {
    return Object.entries(content).map(([name, uri]) => ({ name: name.toLowerCase(), uri }))
  }
  throw new AppError('config.invalid', 'it is no JSON object of at most 1000 {"NAME": "URI"}')
}
