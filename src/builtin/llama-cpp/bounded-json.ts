import { AppError } from '../../base/errors.ts'

const MOST_CHARACTERS = 4 * 1024 * 1024
const DEEPEST = 64

/** Parses JSON that came in a request's string field. What is not JSON, too long or too deep is `request.invalid`. */
export function parseBoundedJson(text: string, what: string): unknown {
  if (text.length > MOST_CHARACTERS) {
    throw new AppError('request.invalid', `${what}: ${text.length} characters; at most ${MOST_CHARACTERS} are read`)
  }
  if (depthOf(text) > DEEPEST) throw new AppError('request.invalid', `${what}: nested deeper than ${DEEPEST} levels`)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new AppError('request.invalid', `${what}: not JSON`, { cause: error })
  }
}

/** Counts brackets outside strings: every later walk over the value may then recurse. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (inString) {
      if (character === '\\') at += 1
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{' || character === '[') {
      depth += 1
      deepest = Math.max(deepest, depth)
    } else if (character === '}' || character === ']') depth -= 1
  }
  return deepest
}
