import { AppError } from '../base/errors.ts'

/** A model's name goes into URLs, logs and lists. Throws `model.config-invalid`. */
export function checkedName(name: string): string {
  if (name.trim() === name && name !== '' && name.length <= 200 && !/\p{C}/u.test(name)) return name
  throw invalidName(name)
}

/** The name under which a model is installed, also as a file: LocalAI writes a slash as two underscores. */
export function installedName(name: string): string {
  const installed = checkedName(name).replaceAll('/', '__')
  if (/^\.|[<>:"\\|?*]/.test(installed) || installed.includes('..')) throw invalidName(name)
  return installed
}

function invalidName(name: string): AppError {
  return new AppError('model.config-invalid', `invalid model name: ${JSON.stringify(name.slice(0, 80))}`)
}
