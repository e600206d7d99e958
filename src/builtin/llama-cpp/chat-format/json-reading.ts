import type { Reading, TextSource } from './text-source.ts'

export function isBlank(character: string): boolean {
  return character === ' ' || character === '\n' || character === '\r' || character === '\t'
}

export function* skipBlanks(source: TextSource): Reading<void> {
  yield* source.while(isBlank)
}

/** Outside of its strings a JSON text has no other characters; letters are let through, models write `True` too. */
const jsonCharacter = /[\s{}[\],:"0-9a-zA-Z+.-]/

/**
 * Reads one JSON value as far as brackets and quotes tell, reporting its text as it comes. False when it breaks off:
 * at the end, or before a character that JSON cannot have there. What is in between is not judged.
 */
export function* readValue(source: TextSource, report: (text: string) => void): Reading<boolean> {
  const extent = createValueExtent()
  yield* source.while(extent.accepts, report)
  return extent.isComplete()
}

interface ValueExtent {
  /** Whether this next character belongs to the value. */
  accepts(character: string): boolean
  isComplete(): boolean
}

function createValueExtent(): ValueExtent {
  let depth = 0
  let isScalar = false
  let inString = false
  let escaped = false
  let complete = false

  function inText(character: string): void {
    if (escaped) {
      escaped = false
    } else if (character === '\\') {
      escaped = true
    } else if (character === '"') {
      inString = false
      complete = depth === 0
    }
  }

  function structure(character: string): void {
    if (character === '"') inString = true
    else if ('{['.includes(character)) depth += 1
    else if ('}]'.includes(character)) depth -= 1
    else if (depth === 0) isScalar = true
    complete = depth === 0 && '}]'.includes(character)
  }

  return {
    accepts(character) {
      if (complete) return false
      if (inString) {
        inText(character)
        return true
      }
      const endsScalar = isScalar && /[\s,\]}]/.test(character)
      const endsNothing = depth === 0 && /[,:\]}]/.test(character)
      complete = endsScalar
      if (endsScalar || endsNothing || !jsonCharacter.test(character)) return false
      structure(character)
      return true
    },
    isComplete: () => complete,
  }
}

/** Reads a JSON string and answers what it says; undefined when there is none or it is broken. */
export function* readString(source: TextSource): Reading<string | undefined> {
  if ((yield* source.peek(1)) !== '"') return undefined
  let text = ''
  const complete = yield* readValue(source, (part) => {
    text += part
  })
  const value = complete ? parseJson(text) : undefined
  return typeof value === 'string' ? value : undefined
}

/** The value of a JSON text, or undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
