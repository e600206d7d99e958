import { parse } from 'yaml'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'

const MAX_DEPTH = 32
const MAX_NODES = 20_000

/**
 * Reads YAML from outside: no custom types, merge keys as galleries use them, and a size limit. Aliases share what
 * they point to, so they cost nothing here; `boundedCopy` is for what is walked or written later.
 */
export function readYaml(text: string, what: string, maxBytes: number): unknown {
  if (text.length > maxBytes) throw new AppError('model.config-invalid', `${what} is larger than ${maxBytes} bytes`)
  try {
    return parse(text, { merge: true, maxAliasCount: 50_000, logLevel: 'silent', uniqueKeys: false })
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw new AppError('model.config-invalid', `${what} is not valid YAML: ${reason}`, { cause: error })
  }
}

/** A copy of plain data in which nothing is shared; refuses what grows beyond reason when it is written out. */
export function boundedCopy(value: unknown, what: string): unknown {
  let nodes = 0
  const copy = (inner: unknown, depth: number): unknown => {
    nodes += 1
    if (nodes > MAX_NODES || depth > MAX_DEPTH) {
      throw new AppError('model.config-invalid', `${what} is too large or too deep`)
    }
    if (Array.isArray(inner)) return inner.map((item) => copy(item, depth + 1))
    if (!isObject(inner)) return inner
    return Object.fromEntries(
      Object.entries(inner)
        .filter(([key]) => key !== '__proto__')
        .map(([key, item]) => [key, copy(item, depth + 1)]),
    )
  }
  return copy(value, 0)
}

/** `over` wins; maps are merged key by key, everything else is replaced. Both are bounded copies. */
export function mergeConfig(
  base: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key]
    merged[key] = isObject(value) && isObject(before) ? mergeConfig(before, value) : value
  }
  return merged
}
