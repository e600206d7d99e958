import type { JsonObject } from '../../base/json.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { ToolDefinition } from '../request.ts'

/** A tool that this node runs itself. */
export interface ServerTool {
  /** Where it comes from; two servers may have tools of the same name. */
  readonly server: string
  readonly name: string
  readonly description?: string
  /** JSON schema of the arguments. */
  readonly parameters: JsonObject
  /** To call it twice does no more than to call it once: its server says so (MCP's `readOnlyHint`, `idempotentHint`). */
  readonly repeatable: boolean
}

export interface ServerTools {
  readonly tools: readonly ServerTool[]
  /** Throws `mcp.failed` when there is no answer; a tool that fails says so in its answer. */
  call(
    tool: ServerTool,
    args: JsonObject,
    options: AbortOptions,
  ): Promise<{ readonly text: string; readonly failed: boolean }>
}

/** Tools under the names by which a model calls them. */
export interface ToolOffer {
  readonly definitions: readonly ToolDefinition[]
  find(name: string): ServerTool | undefined
}

const MAX_NAME_LENGTH = 64

/**
 * Names without which no dialect would pass them on: letters, digits, `_` and `-`, no two the same, and none that the
 * request has for a tool of its own. A name that is taken gets its server's name in front.
 */
export function offerTools(tools: readonly ServerTool[], taken: Iterable<string>): ToolOffer {
  const used = new Set(taken)
  const byName = new Map<string, ServerTool>()
  for (const tool of tools) {
    const name = freeName(tool, used)
    used.add(name)
    byName.set(name, tool)
  }
  return {
    definitions: [...byName].map(([name, { description, parameters }]) => ({
      name,
      ...(description === undefined ? {} : { description }),
      parameters,
    })),
    find: (name) => byName.get(name),
  }
}

function freeName({ server, name }: ServerTool, used: ReadonlySet<string>): string {
  const plain = callable(name)
  if (!used.has(plain)) return plain
  const long = callable(`${server}_${name}`)
  let free = long
  for (let count = 2; used.has(free); count += 1) free = `${long.slice(0, MAX_NAME_LENGTH - 5)}_${count}`
  return free
}

function callable(name: string): string {
  return name.replace(/[^\w-]/g, '_').slice(0, MAX_NAME_LENGTH) || 'tool'
}
