import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { boundedCopy, readYaml } from './bounded-yaml.ts'
import { type GalleryFile, MAX_CONFIG_BYTES, parseBaseConfig, toFiles } from './gallery-entry.ts'

export interface ConfigText {
  readonly config: Readonly<Record<string, unknown>>
  readonly files: readonly GalleryFile[]
  readonly name?: string
}

/**
 * Reads either a model configuration as it stands in the models folder, or the base file of a gallery; `what` names it.
 * Throws `model.config-invalid`.
 */
export function parseInstallConfig(text: string, what: string): ConfigText {
  const value = readYaml(text, what, MAX_CONFIG_BYTES)
  if (!isObject(value)) throw new AppError('model.config-invalid', `${what} is not the configuration of one model`)
  const isBase = 'config_file' in value || 'files' in value
  const base = isBase ? parseBaseConfig(text, what) : undefined
  const config = base?.config ?? (boundedCopy(value, what) as Record<string, unknown>)
  const files = base?.files ?? toFiles(value['download_files'], what)
  const name = [base?.name, config['name']].find((found) => typeof found === 'string' && found !== '')
  return { config, files, ...(typeof name === 'string' ? { name } : {}) }
}
