import { type Document, isMap, isScalar, type Node, parseDocument, visit } from 'yaml'
import { invalidToken } from './token-text.ts'

/** Lists and maps can be opened this often; a token opens three. */
const MAX_OPENINGS = 256

/** A value as it stands in the YAML. */
export interface TokenScalar {
  readonly text: string
  /** Written without quotation marks, on one line: only such a text can be a number. */
  readonly plain: boolean
}

/** `list or map` for a key that has something else than a scalar; undefined for a key that is missing. */
export type ReadValue = (...path: readonly string[]) => TokenScalar | 'list or map' | undefined

/**
 * Reads the YAML of a token as LocalAI does (YAML 1.1 into text fields): every scalar keeps its source text, of equal
 * keys the last counts. Anchors and aliases, which no token has, are refused. Throws `token.invalid`, never with the
 * parser's own words: they quote the text.
 */
export function readTokenYaml(yaml: string): ReadValue {
  if ((yaml.match(/[[{]|[-?](?=\s)/g)?.length ?? 0) > MAX_OPENINGS) throw invalidToken('its YAML is nested too deeply')
  const { contents } = parse(yaml)
  if (contents !== null && !isMap(contents) && !isEmpty(contents)) {
    throw invalidToken('it does not hold a YAML map; it is something else than a network token')
  }
  return (...path) => {
    let node: unknown = contents
    for (const key of path) node = lookUp(node, key)
    if (node === undefined || node === null) return undefined
    if (!isScalar(node)) return 'list or map'
    return { text: String(node.value ?? ''), plain: node.type === 'PLAIN' && !/\s/.test(node.source ?? '') }
  }
}

function parse(yaml: string): Document {
  const document = parseOrUndefined(yaml)
  if (document === undefined || document.errors.length > 0) throw invalidToken('its base64 does not hold YAML')
  visit(document, {
    Node(_key, node) {
      // An alias without an anchor is an error already.
      if ('anchor' in node && node.anchor !== undefined) throw invalidToken('its YAML has an anchor or an alias')
    },
  })
  return document
}

function parseOrUndefined(yaml: string): Document | undefined {
  try {
    return parseDocument(yaml, { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
  } catch {
    return undefined
  }
}

function isEmpty(node: Node): boolean {
  return isScalar(node) && (node.value === null || node.value === '')
}

function lookUp(node: unknown, key: string): unknown {
  if (!isMap(node)) return undefined
  return node.items.findLast((item) => isScalar(item.key) && item.key.value === key)?.value
}
