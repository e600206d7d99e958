import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { readYaml } from './bounded-yaml.ts'
import type { GivenConfig, PlanOptions } from './finish-plan.ts'

/** One model of `--preload-models`: what an install takes. */
export interface PreloadRequest {
  readonly reference: string | GivenConfig
  readonly options: Pick<PlanOptions, 'name' | 'overrides' | 'files' | 'expectsConfig'>
}

const MAX_BYTES = 1024 * 1024
const MAX_REQUESTS = 256

/** Reads a list of what POST /models/apply takes, as JSON or YAML; `what` names it. Throws `config.invalid`. */
export function parsePreloadRequests(text: string, what: string): readonly PreloadRequest[] {
  const value = read(text, what)
  if (value === null || value === undefined) return []
  if (!Array.isArray(value) || value.length > MAX_REQUESTS) {
    throw new AppError('config.invalid', `${what} is not a list of at most ${MAX_REQUESTS} models`)
  }
  return value.map((entry: unknown, index) => toRequest(entry, `${what}, entry ${index + 1}`))
}

function read(text: string, what: string): unknown {
  try {
    return readYaml(text, what, MAX_BYTES)
  } catch (error) {
    throw new AppError('config.invalid', AppError.from(error, 'config.invalid').message, { cause: error })
  }
}

function toRequest(entry: unknown, what: string): PreloadRequest {
  if (!isObject(entry)) throw new AppError('config.invalid', `${what}: this is no block with id, url or config_file`)
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
