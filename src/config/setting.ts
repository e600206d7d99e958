import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { AppError } from '../base/errors.ts'

/** One row of a settings table: the flag, the variables, the default, the help and the type live here and nowhere else. */
export interface Setting<T> {
  /** Long spelling first; the others are accepted and mean the same. */
  readonly flags: readonly [string, ...string[]]
  readonly short?: string
  /** Variables in the order they are tried; the first that is set wins, even when it is empty. */
  readonly env: readonly string[]
  /** Shown in the help; a function is evaluated when the setting is resolved. */
  readonly fallback: NoInfer<T> | (() => NoInfer<T>)
  /** What the help shows as the default when it is not the value itself. */
  readonly fallbackText?: string
  readonly help: string
  readonly group: string
  readonly kind: Kind<T>
  /** Accepted, but not shown. */
  readonly hidden?: boolean
  /** Must be given, by flag or variable: the default is never used. */
  readonly required?: boolean
  /** What to use instead; whoever still gives it is warned. */
  readonly deprecated?: string
  /** The value appears in no message. */
  readonly secret?: boolean
  /** What a shell may offer as the value, when the kind does not say it. */
  readonly completes?: Completion
}

/** Paths, or names that are asked for while the person types. */
export type Completion = 'path' | 'model' | 'gallery-model' | 'backend' | 'gallery-backend'

/** How a value is written. `placeholder` is shown in the help; a flag without one needs no value. */
export interface Kind<T> {
  readonly placeholder?: string
  readonly repeats?: boolean
  /** The only values there are. */
  readonly choices?: readonly string[]
  readonly completes?: Completion
  parse(text: string): T
}

export const text: Kind<string> = { placeholder: 'STRING', parse: (value) => value }

export const optionalText: Kind<string | undefined> = { placeholder: 'STRING', parse: (value) => value || undefined }

export const bool: Kind<boolean> = {
  parse(value) {
    switch (value.toLowerCase()) {
      case 'true':
      case '1':
      case 'yes':
        return true
      case 'false':
      case '0':
      case 'no':
        return false
      default:
        throw new AppError('config.invalid', `bool value must be true, 1, yes, false, 0 or no but got "${value}"`)
    }
  },
}

export const integer: Kind<number> = {
  placeholder: 'INT',
  parse(value) {
    if (!/^-?\d{1,15}$/.test(value)) {
      throw new AppError('config.invalid', `expected a valid 64 bit int but got "${value}"`)
    }
    return Number(value)
  },
}

/** `0.5`, `10`, `1e-3`. */
export const number: Kind<number> = {
  placeholder: 'NUMBER',
  parse(value) {
    if (!/^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,2})?$/i.test(value)) {
      throw new AppError('config.invalid', `expected a float but got "${value}"`)
    }
    return Number(value)
  },
}

/** An integer of which there cannot be less than none. */
export const count: Kind<number> = {
  ...integer,
  parse(value) {
    const parsed = integer.parse(value)
    if (parsed >= 0) return parsed
    throw new AppError('config.invalid', `expected 0 or more but got "${value}"`)
  },
}

/** The same kind for a setting that may stay unsaid. */
export function optional<T>(kind: Kind<T>): Kind<T | undefined> {
  return kind
}

export const optionalCount = optional(count)

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `500ms`, `15m`, `1h30m`; a bare `0` is allowed. Milliseconds. */
export const duration: Kind<number> = {
  placeholder: 'DURATION',
  parse(value) {
    if (value === '0') return 0
    const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
    if (parts.length === 0 || parts.map((part) => part[0]).join('') !== value) {
      throw new AppError('config.invalid', `expected a duration such as 500ms, 30s or 15m but got "${value}"`)
    }
    return parts.reduce((total, [, amount = '0', unit = 's']) => total + Number(amount) * (UNIT_MS[unit] ?? 0), 0)
  },
}

/** Comma-separated and repeatable; `\,` is a comma inside an element. */
export const list: Kind<readonly string[]> = {
  placeholder: 'A,B',
  repeats: true,
  parse: (value) =>
    value
      .split(/(?<!\\),/)
      .map((element) => element.replaceAll('\\,', ',').trim())
      .filter((element) => element !== ''),
}

/** `~` is the home directory; a relative path is taken from the working directory. */
export const path: Kind<string> = { placeholder: 'PATH', completes: 'path', parse: expandPath }

export const optionalPath: Kind<string | undefined> = {
  placeholder: 'PATH',
  completes: 'path',
  parse: (value) => (value === '' ? undefined : expandPath(value)),
}

export function oneOf<const T extends string>(...choices: readonly T[]): Kind<T> {
  return {
    placeholder: choices.join('|'),
    choices,
    parse(value) {
      const found = choices.find((choice) => choice === value)
      if (found === undefined) {
        const known = choices.map((choice) => `"${choice}"`).join(',')
        throw new AppError('config.invalid', `must be one of ${known} but got "${value}"`)
      }
      return found
    },
  }
}

function expandPath(value: string): string {
  if (value === '~') return homedir()
  return resolve(value.startsWith('~/') ? resolve(homedir(), value.slice(2)) : value)
}

export type Table = Readonly<Record<string, Setting<unknown>>>
export type Values<T extends Table> = {
  readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never
}

/** Keeps the type of one row while it is written. */
export function setting<T>(row: Setting<T>): Setting<T> {
  return row
}

/** What the command line said, by row name; a repeated flag has several texts. */
export type Given = Readonly<Record<string, readonly string[] | undefined>>
export type Environment = Readonly<Record<string, string | undefined>>
