import { isObject, type JsonValue } from '../base/json.ts'

/** What a reference inside of a document, `#/$defs/place`, points at; undefined when that is nothing. */
export function pointedAt(root: JsonValue, reference: string): JsonValue | undefined {
  let found: unknown = root
  for (const step of reference.split('/').slice(1)) {
    const key = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~')
    const holder: unknown = found
    if (!(isObject(holder) || Array.isArray(holder)) || !Object.hasOwn(holder, key)) return undefined
    found = (holder as Record<string, unknown>)[key]
  }
  return found as JsonValue
}

/** The reference to what lies under these names. */
export function pointerTo(...names: readonly string[]): string {
  const steps = names.map((name) => encodeURIComponent(name.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')))
  return ['#', ...steps].join('/')
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}
