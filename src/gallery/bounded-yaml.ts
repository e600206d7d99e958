import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type Node, parseDocument, visit } from 'yaml'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'

const MAX_DEPTH = 32
const MAX_NODES = 20_000
/** The parser looks at all of them for each of them. LocalAI's index has some fifteen hundred. */
const MAX_ALIASES = 5000
/** Keys that `<<` copies, each time anew. */
const MAX_MERGED_KEYS = 250_000

/**
 * Reads YAML from outside: no custom types, merge keys as galleries use them, and limits for what makes a small text slow.
 * Aliases share what they point to; `boundedCopy` is for what is walked or written later.
 */
export function readYaml(text: string, what: string, maxBytes: number): unknown {
  if (text.length > maxBytes) throw new AppError('model.config-invalid', `${what} is larger than ${maxBytes} bytes`)
  try {
    const document = parseDocument(text, { merge: true, logLevel: 'silent', uniqueKeys: false })
    const [error] = document.errors
    if (error !== undefined) throw error
    refuseSlow(document, what)
    return document.toJS({ maxAliasCount: 50_000 })
  } catch (error) {
    if (error instanceof AppError) throw error
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw new AppError('model.config-invalid', `${what} is not valid YAML: ${reason}`, { cause: error })
  }
}

function refuseSlow(document: Document, what: string): void {
  const anchored = new Map<string, Node>()
  /** Of an anchor that comes twice the last one before the alias counts. */
  const targets = new Map<Node, Node | undefined>()
  const merges: unknown[] = []
  visit(document, {
    Alias(_key, alias) {
      targets.set(alias, anchored.get(alias.source))
      if (targets.size > MAX_ALIASES) throw refused(what, `more than ${MAX_ALIASES} aliases`)
    },
    Value(_key, node) {
      if (node.anchor !== undefined) anchored.set(node.anchor, node)
    },
    Pair(_key, pair) {
      if (isMerge(pair)) merges.push(pair.value)
    },
  })
  const sizes = new Map<unknown, number>()
  const measure = (node: unknown): number => {
    if (isAlias(node)) return sizeOf(targets.get(node))
    if (isSeq(node)) return node.items.reduce<number>((sum, item) => sum + sizeOf(item), 0)
    return isMap(node) ? node.items.reduce((sum, pair) => sum + (isMerge(pair) ? sizeOf(pair.value) : 1), 0) : 0
  }
  /** How many keys a merge of this copies. */
  function sizeOf(node: unknown): number {
    const known = sizes.get(node)
    if (known !== undefined) return known
    // In a circle; the parser has words for that.
    sizes.set(node, 0)
    const size = measure(node)
    sizes.set(node, size)
    return size
  }
  if (merges.reduce<number>((sum, node) => sum + sizeOf(node), 0) > MAX_MERGED_KEYS) {
    throw refused(what, 'too much to merge')
  }
}

function refused(what: string, reason: string): AppError {
  return new AppError('model.config-invalid', `${what} has ${reason}`)
}

function isMerge(pair: unknown): boolean {
  return isPair(pair) && isScalar(pair.key) && (pair.key.value === '<<' || typeof pair.key.value === 'symbol')
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
