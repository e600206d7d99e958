import { AppError } from '../base/errors.ts'

/** A model's name goes into URLs, logs and lists. Throws `model.config-invalid`. */
export function checkedName(name: string): string {
  if (name.trim() === name && name !== '' && name.length <= 200 && !/\p{C}/u.test(name)) return name
  throw invalidName(name)
}

/** What no file name may have; real galleries have names such as `llama-3.2-1b-instruct:q4_k_m`, which Windows cannot. */
const NOT_IN_FILES = process.platform === 'win32' ? /[<>:"\\|?*]/ : /[<>"\\|?*]/

/** The name under which a model is installed, also as a file: LocalAI writes a slash as two underscores. */
export function installedName(name: string): string {
  const installed = checkedName(name).replaceAll('/', '__')
  if (installed.startsWith('.') || NOT_IN_FILES.test(installed) || installed.includes('..')) throw invalidName(name)
  return installed
}

function invalidName(name: string): AppError {
  return new AppError('model.config-invalid', `invalid model name: ${JSON.stringify(name.slice(0, 80))}`)
}
