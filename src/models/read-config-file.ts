import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { type Document, isAlias, isPair, isScalar, parseDocument, visit } from 'yaml'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'

/** The parser takes seconds for a megabyte that was made to be slow; a model's YAML has a few kilobytes. */
const MAX_BYTES = 256 * 1024
const MAX_VALUES = 20_000
const MAX_ALIASES = 100

/** Reads a YAML file of the models folder: one model, or a list of them. Throws `model.config-invalid`. */
export async function readConfigFile(path: string): Promise<readonly Record<string, unknown>[]> {
  return parseConfigText(await readBounded(path))
}

/** The models in a YAML text: anchors and merge keys are known, and what could make a small text large is bounded. */
export function parseConfigText(text: string): readonly Record<string, unknown>[] {
  const content = parseYaml(text)
  const models: readonly unknown[] = Array.isArray(content) ? content : [content]
  return models.map((model, index) => {
    if (isObject(model)) return model
    const which = Array.isArray(content) ? `entry ${index + 1} of its list` : 'its content'
    throw invalid(`${which} is no block of keys`)
  })
}

function parseYaml(text: string): unknown {
  try {
    // `uniqueKeys` would compare every key with every other: minutes for a hostile file.
    const document = parseDocument(text, { merge: true, uniqueKeys: false, logLevel: 'error' })
    const [error] = document.errors
    if (error !== undefined) throw error
    refuseBombs(document)
    return document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    if (error instanceof AppError) throw error
    const message = error instanceof Error ? error.message : String(error)
    const [line = ''] = message.split('\n')
    throw invalid(/call stack/.test(message) ? 'it is nested too deeply' : line.replace(/:$/, ''), error)
  }
}

function refuseBombs(document: Document): void {
  let values = 0
  let aliases = 0
  visit(document, {
    Node(_key, node) {
      values += 1
      aliases += isAlias(node) ? 1 : 0
      if (values > MAX_VALUES) throw invalid(`it has more than ${MAX_VALUES} values`)
      if (aliases > MAX_ALIASES) throw invalid(`it has more than ${MAX_ALIASES} aliases`)
    },
    Map(_key, { items }) {
      const seen = new Set<unknown>()
      for (const item of items) {
        const key = isPair(item) && isScalar(item.key) ? item.key.value : undefined
        if (key === '<<' || key === undefined) continue
        if (seen.has(key)) throw invalid(`it has the key "${String(key).slice(0, 80)}" twice in one block`)
        seen.add(key)
      }
    },
  })
}

async function readBounded(path: string): Promise<string> {
  // A pipe under this name must not hold the reader up.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const info = await handle.stat()
    if (!info.isFile()) throw invalid('it is no regular file')
    if (info.size > MAX_BYTES) throw invalid(`it has ${info.size} bytes, and ${MAX_BYTES} are the limit`)
    const buffer = Buffer.alloc(info.size)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

function invalid(message: string, cause?: unknown): AppError {
  return new AppError('model.config-invalid', message, { cause })
}
