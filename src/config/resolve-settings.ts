import { AppError } from '../base/errors.ts'
import { bool, type Environment, type Given, type Setting, type Table, type Values } from './setting.ts'

/**
 * Decides every setting: an explicit flag, else the first variable that is set, else the default. With
 * LOCALAI_ENV_PRECEDENCE=1 a variable comes before the flag.
 * Throws `config.invalid` with the flag's name (and the variable's, when the value came from there).
 */
export function resolveSettings<T extends Table>(table: T, given: Given, environment: Environment): Values<T> {
  const variablesFirst = variablesComeFirst(environment)
  const missing: string[] = []
  const entries = Object.entries(table).map(([name, row]) => {
    const said = sources(row, given[name], environment)
    const source = variablesFirst ? (said.variable ?? said.flag) : (said.flag ?? said.variable)
    if (source === undefined && row.required === true) missing.push(`${row.flags[0]}=${row.kind.placeholder ?? ''}`)
    return [name, source === undefined ? fallbackOf(row) : read(row, source)]
  })
  if (missing.length > 0) throw new AppError('config.invalid', `missing flags: ${missing.join(', ')}`)
  return Object.fromEntries(entries) as Values<T>
}

/** The rows that a flag or a variable has set: what no file may change. */
export function explicitSettings(table: Table, given: Given, environment: Environment): ReadonlySet<string> {
  const isSet = ([name, row]: [string, Setting<unknown>]): boolean =>
    Object.values(sources(row, given[name], environment)).some((source) => source !== undefined)
  return new Set(
    Object.entries(table)
      .filter(isSet)
      .map(([name]) => name),
  )
}

/** What a person should hear about their settings: what is deprecated, and where flag and variable disagree. */
export interface SettingRemark {
  readonly level: 'warn' | 'debug'
  readonly message: string
}

export function settingRemarks(table: Table, given: Given, environment: Environment): readonly SettingRemark[] {
  const winner = variablesComeFirst(environment) ? 'the variable' : 'the flag'
  return Object.entries(table).flatMap(([name, row]) => {
    const { flag, variable } = sources(row, given[name], environment)
    const remarks: SettingRemark[] = []
    const used = flag?.what ?? variable?.what
    if (used !== undefined && row.deprecated !== undefined) {
      remarks.push({ level: 'warn', message: `${used} is deprecated: ${row.deprecated}` })
    }
    if (flag !== undefined && variable !== undefined && flag.texts.join() !== variable.texts.join()) {
      const message = `${flag.what} and ${variable.what} are set to different values: ${winner} counts`
      remarks.push({ level: 'debug', message })
    }
    return remarks
  })
}

interface Source {
  /** The flag or the variable, by name. */
  readonly what: string
  readonly texts: readonly string[]
  /** Behind a complaint: where the value came from, when that was not the command line. */
  readonly origin: string
}

function sources(
  row: Setting<unknown>,
  given: readonly string[] | undefined,
  environment: Environment,
): { readonly flag: Source | undefined; readonly variable: Source | undefined } {
  const name = row.env.find((candidate) => environment[candidate] !== undefined)
  const value = name === undefined ? undefined : environment[name]
  const shown = row.secret === true ? '' : `="${value}"`
  return {
    flag: given === undefined ? undefined : { what: row.flags[0], texts: given, origin: '' },
    variable:
      name === undefined || value === undefined
        ? undefined
        : { what: name, texts: [value], origin: ` (from envar ${name}${shown})` },
  }
}

function variablesComeFirst(environment: Environment): boolean {
  const value = environment['LOCALAI_ENV_PRECEDENCE']
  if (value === undefined) return false
  try {
    return bool.parse(value)
  } catch (error) {
    const { message } = AppError.from(error, 'config.invalid')
    throw new AppError('config.invalid', `LOCALAI_ENV_PRECEDENCE: ${message}`, { cause: error })
  }
}

function fallbackOf(row: Setting<unknown>): unknown {
  return typeof row.fallback === 'function' ? row.fallback() : row.fallback
}

function read(row: Setting<unknown>, source: Source): unknown {
  const values = source.texts.map((value) => parse(row, value, source.origin))
  return row.kind.repeats === true ? values.flat() : values.at(-1)
}

function parse(row: Setting<unknown>, value: string, origin: string): unknown {
  const [flag] = row.flags
  try {
    return row.kind.parse(value)
  } catch (error) {
    if (row.secret === true) throw new AppError('config.invalid', `${flag}: the value cannot be read${origin}`)
    const { message } = AppError.from(error, 'config.invalid')
    const between = row.kind.choices === undefined ? ': ' : ' '
    throw new AppError('config.invalid', `${flag}${between}${message}${origin}`, { cause: error })
  }
}
