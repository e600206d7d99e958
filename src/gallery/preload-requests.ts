import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { parseConfigText } from '../models/read-config-file.ts'
import type { GivenConfig, PlanOptions } from './finish-plan.ts'

/** One model of `--preload-models`: what an install takes. */
export interface PreloadRequest {
  readonly reference: string | GivenConfig
  readonly options: Pick<PlanOptions, 'name' | 'overrides' | 'files' | 'expectsConfig'>
}

const MAX_CHARACTERS = 1024 * 1024
const MAX_REQUESTS = 256

/** Reads a list of what POST /models/apply takes, as JSON or YAML; `what` names it. Throws `config.invalid`. */
export function parsePreloadRequests(text: string, what: string): readonly PreloadRequest[] {
  if (text.trim() === '') return []
  const entries = read(text, what)
  if (entries.length > MAX_REQUESTS) throw new AppError('config.invalid', `${what}: more than ${MAX_REQUESTS} models`)
  return entries.map((entry, index) => toRequest(entry, `${what}, entry ${index + 1}`))
}

function read(text: string, what: string): readonly Record<string, unknown>[] {
  if (text.length > MAX_CHARACTERS) throw new AppError('config.invalid', `${what} is too long`)
  try {
    return parseConfigText(text)
  } catch (error) {
    const { message } = AppError.from(error, 'config.invalid')
    throw new AppError('config.invalid', `${what} is not a list of models: ${message}`, { cause: error })
  }
}

function toRequest(entry: Record<string, unknown>, what: string): PreloadRequest {
  const { id, url, config_file: config, name, overrides, files } = entry
  const options = {
    ...(isText(name) ? { name } : {}),
    ...(isObject(overrides) ? { overrides } : {}),
    ...(Array.isArray(files) ? { files: files as readonly unknown[] } : {}),
  }
  if (isObject(config)) return { reference: { config }, options }
  if (isText(id)) return { reference: id, options }
  // LocalAI's `url` is that of a configuration.
  if (isText(url)) return { reference: url, options: { ...options, expectsConfig: true } }
  throw new AppError('config.invalid', `${what}: id, url or config_file is missing`)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}
