import { AppError } from '../base/errors.ts'

/** A server that the operator attached, as the command line names it. */
export interface UpstreamConfig {
  readonly name: string
  /** `http://10.0.0.5:8000`: the only origin that is ever asked, and the only one that gets the key. */
  readonly origin: string
  /** Where OpenAI's API begins: `/v1`. */
  readonly apiPath: string
  /** Where the server's own routes begin: empty, or `/prefix`. */
  readonly ownPath: string
  /** Sent as `Authorization: Bearer`. */
  readonly key?: string
  /** Of the model names, `*` stands for any characters; absent: all. */
  readonly patterns?: readonly string[]
}

/** The texts of `--upstream`, `--upstream-key` and `--upstream-models`. */
export interface UpstreamTexts {
  readonly upstreams: readonly string[]
  readonly upstreamKeys: readonly string[]
  readonly upstreamModels: readonly string[]
}

export interface UpstreamConfigDeps {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly readFile: (path: string) => Promise<string>
}

const NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,31})$/
const MOST_UPSTREAMS = 64
const LONGEST_KEY = 4096

/** Reads what the operator wrote. Throws `config.invalid`, in words that hold no key. */
export async function readUpstreamConfigs(
  texts: UpstreamTexts,
  deps: UpstreamConfigDeps,
): Promise<readonly UpstreamConfig[]> {
  const urls = texts.upstreams.map((text) => splitName(text, '--upstream', 'NAME=URL'))
  if (urls.length > MOST_UPSTREAMS) throw invalid(`--upstream: at most ${MOST_UPSTREAMS} upstreams, not ${urls.length}`)
  const names = urls.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalid(`--upstream: "${twice}" is there twice`)
  const keys = new Map<string, string>()
  for (const text of texts.upstreamKeys) {
    const { name, value } = splitName(text, '--upstream-key', 'NAME=env:VARIABLE or NAME=file:PATH')
    mustBeKnown(name, names, '--upstream-key')
    keys.set(name, await readKey(name, value, deps))
  }
  const patterns = groupPatterns(texts.upstreamModels)
  for (const name of patterns.keys()) mustBeKnown(name, names, '--upstream-models')
  return urls.map(({ name, value }) => {
    const key = keys.get(name)
    const only = patterns.get(name)
    return {
      name,
      ...parseUpstreamUrl(value, name),
      ...(key === undefined ? {} : { key }),
      ...(only === undefined ? {} : { patterns: only }),
    }
  })
}

/**
 * `http://host:8000` and `http://host:8000/v1` mean the same. An address that names a version somewhere (`/openai/v1`,
 * `/v1beta/openai`) is where the API begins as it stands. Throws `config.invalid`.
 */
export function parseUpstreamUrl(text: string, name: string): Pick<UpstreamConfig, 'origin' | 'apiPath' | 'ownPath'> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw invalid(`--upstream ${name}: expected an address such as http://127.0.0.1:8000`)
  if (url.username !== '' || url.password !== '')
    throw invalid(`--upstream ${name}: a key does not go into the address: use --upstream-key ${name}=env:VARIABLE`)
  if (url.search !== '' || url.hash !== '')
    throw invalid(`--upstream ${name}: an address has no "?" and no "#": ${url.origin}${url.pathname}`)
  const parts = url.pathname.split('/').filter((part) => part !== '')
  const version = parts.findIndex((part) => /^v\d+[a-z]*\d*$/.test(part))
  const own = version < 0 ? parts : parts.slice(0, version)
  const api = version < 0 ? [...parts, 'v1'] : parts
  return { origin: url.origin, apiPath: toPath(api), ownPath: toPath(own) }
}

/** Whether a model of the server is to be served. Pure. */
export function isWanted(model: string, patterns: readonly string[] | undefined): boolean {
  return patterns === undefined || patterns.some((pattern) => matches(model, pattern))
}

/** Linear in both texts, whatever stands in them. */
function matches(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (!text.startsWith(first)) return false
  const last = rest.pop()
  if (last === undefined) return text === first
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}

function toPath(parts: readonly string[]): string {
  return parts.map((part) => `/${part}`).join('')
}

function splitName(text: string, flag: string, form: string): { readonly name: string; readonly value: string } {
  const cut = text.indexOf('=')
  const name = text.slice(0, Math.max(cut, 0)).trim()
  const value = text.slice(cut + 1).trim()
  // What stands there may be a key: it is not repeated.
  if (cut < 0 || value === '') throw invalid(`${flag}: expected ${form}`)
  if (!NAME.test(name)) throw invalid(`${flag}: a name has at most 32 letters, digits, dots, dashes and underscores`)
  return { name, value }
}

/** A comma separates patterns as well as settings: what names no upstream belongs to the one before it. */
function groupPatterns(texts: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>()
  let current: string[] | undefined
  for (const text of texts) {
    if (text.includes('=')) {
      const { name, value } = splitName(text, '--upstream-models', 'NAME=PATTERN,PATTERN')
      current = groups.get(name) ?? []
      groups.set(name, current)
      current.push(value)
    } else if (current === undefined)
      throw invalid(`--upstream-models: expected NAME=PATTERN,PATTERN but got "${text}"`)
    else current.push(text)
  }
  return groups
}

function mustBeKnown(name: string, names: readonly string[], flag: string): void {
  if (names.includes(name)) return
  throw invalid(`${flag}: there is no upstream "${name}"${names.length > 0 ? `; there is: ${names.join(', ')}` : ''}`)
}

async function readKey(name: string, place: string, { environment, readFile }: UpstreamConfigDeps): Promise<string> {
  const [, kind, where = ''] = /^(env|file):(.+)$/s.exec(place) ?? []
  if (kind === undefined) {
    throw invalid(
      `--upstream-key ${name}: a key would be seen in the list of processes: write ${name}=env:VARIABLE or ${name}=file:PATH`,
    )
  }
  const key = kind === 'env' ? environment[where]?.trim() : (await readKeyFile(name, where, readFile)).trim()
  if (key === undefined || key === '') {
    const what = kind === 'env' ? `the variable ${where} is not set` : `${where} is empty`
    throw invalid(`--upstream-key ${name}: ${what}`)
  }
  if (key.length > LONGEST_KEY || !/^[\x21-\x7e]+$/.test(key))
    throw invalid(`--upstream-key ${name}: what stands in ${where} is no key: one line without spaces`)
  return key
}

async function readKeyFile(name: string, path: string, readFile: UpstreamConfigDeps['readFile']): Promise<string> {
  try {
    return await readFile(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    throw invalid(`--upstream-key ${name}: ${path} cannot be read (${code})`)
  }
}

function invalid(message: string): AppError {
  return new AppError('config.invalid', message)
}
