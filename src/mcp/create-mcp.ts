import { AppError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Fetch } from './server-fetch.ts'
import { createSession, type Session } from './session.ts'
import type { McpLimits, ServerTool, ToolAnswer, ToolServer } from './tool-server.ts'

export interface McpDeps {
  readonly log: Pick<Logger, 'warn' | 'debug'>
  readonly fetch: Fetch
  /** Milliseconds of a clock that only goes forward; by default the system's. */
  readonly now?: () => number
}

/** The tools of a model's servers, as they were when they were asked for. */
export interface OpenTools {
  readonly tools: readonly ServerTool[]
  /** The servers that work. */
  readonly servers: readonly ToolServer[]
  call(tool: Pick<ServerTool, 'server' | 'name'>, args: JsonObject, options: AbortOptions): Promise<ToolAnswer>
}

export interface OpenOptions extends AbortOptions {
  /** Names of the servers that are wanted; absent: all. */
  readonly only?: readonly string[]
}

/** Servers of tools: https://modelcontextprotocol.io/specification/2025-06-18 */
export interface Mcp extends Startable {
  /**
   * Connects the servers of a model that are not connected. Those that do not work are left out; throws
   * `mcp.unavailable` when none is left.
   */
  open(model: string, servers: readonly ToolServer[], options: OpenOptions): Promise<OpenTools>
}

export function createMcp({ log, fetch, now = () => performance.now() }: McpDeps, limits: McpLimits): Mcp {
  const models = new Map<string, Map<string, Session>>()
  let stopped = false

  async function connect(server: ToolServer) {
    // The library is large, and most nodes never need it.
    const library = await import('./connect.ts')
    const onLine = (line: string): void => log.debug({ server: server.name, line }, 'a server of tools writes')
    return await library.connect({ fetch, onLine }, server, limits)
  }

  /** One session for each server; those whose configuration has changed or gone are closed. */
  function sessionsOf(model: string, servers: readonly ToolServer[]): readonly Session[] {
    const before = models.get(model) ?? new Map<string, Session>()
    const after = new Map<string, Session>()
    for (const server of servers) {
      const old = before.get(server.name)
      const same = old !== undefined && JSON.stringify(old.server) === JSON.stringify(server)
      after.set(server.name, same ? old : createSession({ connect, log, now }, server, limits))
    }
    for (const [name, session] of before) if (after.get(name) !== session) void session.close()
    models.set(model, after)
    return [...after.values()]
  }

  return {
    async open(model, servers, options) {
      if (stopped) throw new AppError('node.stopping', 'the node is shutting down')
      const { only } = options
      const wanted = sessionsOf(model, servers).filter(({ server }) => only === undefined || only.includes(server.name))
      const lists = await Promise.all(wanted.map(async (session) => ({ session, tools: await session.tools(options) })))
      const working = lists.flatMap(({ session, tools }) => (tools === undefined ? [] : [{ session, tools }]))
      if (working.length === 0) throw new AppError('mcp.unavailable', 'no working MCP servers found')
      return {
        servers: working.map(({ session }) => session.server),
        tools: working.flatMap(({ tools }) => tools),
        async call({ server, name }, args, callOptions) {
          const found = working.find(({ session }) => session.server.name === server)
          if (found !== undefined) return await found.session.call(name, args, callOptions)
          throw new AppError('mcp.failed', `failed to execute tools: there is no server "${server}"`)
        },
      }
    },
    start: async () => {},
    async stop() {
      stopped = true
      const sessions = [...models.values()].flatMap((servers) => [...servers.values()])
      models.clear()
      await Promise.all(sessions.map((session) => session.close()))
    },
  }
}
