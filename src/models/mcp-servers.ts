import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { parseConfigText } from './read-config-file.ts'

/** The texts under `mcp` in a model's YAML, as they stand there. */
export interface McpTexts {
  /** Servers that are reached over HTTP. */
  readonly remote?: string
  /** Servers that this node starts. */
  readonly stdio?: string
}

/** A server of tools. */
export type McpServer =
  | { readonly kind: 'remote'; readonly name: string; readonly url: string; readonly token?: string }
  | {
      readonly kind: 'stdio'
      readonly name: string
      readonly command: string
      readonly args: readonly string[]
      readonly env: Readonly<Record<string, string>>
    }

const MAX_SERVERS = 32

const Remote = Type.Object({
  url: Type.String({ minLength: 1, maxLength: 2048 }),
  token: Type.Optional(Type.Union([Type.String({ maxLength: 16_384 }), Type.Null()])),
})
const Stdio = Type.Object({
  command: Type.String({ minLength: 1, maxLength: 4096 }),
  args: Type.Optional(Type.Union([Type.Array(Type.String({ maxLength: 65_536 }), { maxItems: 256 }), Type.Null()])),
  env: Type.Optional(
    Type.Union([Type.Record(Type.String(), Type.String({ maxLength: 65_536 }), { maxProperties: 256 }), Type.Null()]),
  ),
})
const isRemote = Compile(Remote)
const isStdio = Compile(Stdio)

/**
 * The servers that the texts name, JSON or YAML with `mcpServers: {name: {url, token}}` or `{name: {command, args, env}}`.
 * Throws `mcp.config-invalid` in LocalAI's words, and never with a value of the text: it may be a secret.
 */
export function parseMcpServers({ remote, stdio }: McpTexts): readonly McpServer[] {
  const servers = [
    ...entriesOf(remote, 'mcp.remote').map(([name, value]) => toRemote(name, value)),
    ...entriesOf(stdio, 'mcp.stdio').map(([name, value]) => toStdio(name, value)),
  ]
  if (servers.length > MAX_SERVERS) throw invalid(`it names more than ${MAX_SERVERS} servers`)
  const twice = servers.find(({ name }, index) => servers.findIndex((server) => server.name === name) < index)
  if (twice !== undefined) throw invalid(`two servers have the name "${twice.name}"`)
  return servers
}

function entriesOf(text: string | undefined, key: string): readonly (readonly [string, unknown])[] {
  if (text === undefined || text.trim() === '') return []
  const [content, more] = read(text, key)
  const servers = content?.['mcpServers']
  if (more !== undefined || !isObject(servers)) throw invalid(`"${key}" has no block "mcpServers" of names and servers`)
  return Object.entries(servers)
}

function read(text: string, key: string): readonly Record<string, unknown>[] {
  try {
    return parseConfigText(text)
  } catch {
    // The parser's own words quote the line, in which a token may stand.
    throw invalid(`"${key}" is neither JSON nor YAML`)
  }
}

function toRemote(name: string, value: unknown): McpServer {
  if (!isRemote.Check(value))
    throw invalid(`the server "${name}" of "mcp.remote" needs a "url", and may have a "token"`)
  const { url, token } = value as Static<typeof Remote>
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.password !== '') {
    throw invalid(`the "url" of the server "${name}" must be http or https, without a user's name in it`)
  }
  return { kind: 'remote', name, url: parsed.href, ...(token ? { token } : {}) }
}

function toStdio(name: string, value: unknown): McpServer {
  if (!isStdio.Check(value)) {
    throw invalid(`the server "${name}" of "mcp.stdio" needs a "command", and may have "args" and "env" (texts)`)
  }
  const { command, args, env } = value as Static<typeof Stdio>
  return { kind: 'stdio', name, command, args: args ?? [], env: env ?? {} }
}

function invalid(reason: string): AppError {
  return new AppError('mcp.config-invalid', `failed to get MCP config: ${reason}`)
}
