import { AppError } from '../base/errors.ts'
import { parseConfigText } from './read-config-file.ts'

export type RawConfig = Readonly<Record<string, unknown>>

/** A configuration as somebody sent it: YAML, of which JSON is a part. */
export interface SentConfig {
  readonly config: RawConfig
  /** Written as it is, when it is YAML: it may have comments. */
  readonly text?: string
}

/** Throws `request.invalid` in LocalAI's words for what is no configuration of one model. */
export function parseSent(body: string): SentConfig {
  const isJson = body.trimStart().startsWith('{')
  if (body.trim() === '') throw new AppError('request.invalid', 'Request body is empty')
  let models: readonly Record<string, unknown>[]
  try {
    // What begins like JSON shall be JSON: as YAML, a value that is missing would pass.
    if (isJson) JSON.parse(body)
    models = parseConfigText(body)
  } catch (error) {
    const { message } = AppError.from(error, 'request.invalid')
    throw new AppError('request.invalid', `Failed to parse ${isJson ? 'JSON' : 'YAML'}: ${message}`, { cause: error })
  }
  const [config] = models
  if (config === undefined || models.length > 1) {
    throw new AppError('request.invalid', 'Invalid configuration: one model at a time')
  }
  // In a list of one, or as JSON, the text is not what a file of its own would have.
  const asItIs = !isJson && !/^\s*-/.test(body)
  return { config, ...(asItIs ? { text: body } : {}) }
}
