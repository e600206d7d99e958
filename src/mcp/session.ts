import { AppError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { type AbortOptions, raceSignal } from '../base/signals.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Connection } from './connect.ts'
import type { McpLimits, ServerTool, ToolAnswer, ToolServer } from './tool-server.ts'

export interface SessionDeps {
  readonly connect: (server: ToolServer) => Promise<Connection>
  readonly log: Pick<Logger, 'warn'>
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number
}

/** One server of one model: connected when it is first needed, and again when the connection was lost. */
export interface Session {
  readonly server: ToolServer
  /** Undefined while the server does not work, which was logged. Throws only for the signal. */
  tools(options: AbortOptions): Promise<readonly ServerTool[] | undefined>
  /** Throws `mcp.failed` when no answer came. */
  call(name: string, args: JsonObject, options: AbortOptions): Promise<ToolAnswer>
  close(): Promise<void>
}

export function createSession({ connect, log, now }: SessionDeps, server: ToolServer, limits: McpLimits): Session {
  let current: Promise<Connection> | undefined
  let failures = 0
  let notBefore = 0
  /** Calls on each connection: one that is replaced still has those that began on it. */
  const running = new Map<Promise<Connection>, number>()
  let closed = false
  let idle: NodeJS.Timeout | undefined

  function connected(): Promise<Connection> {
    if (current !== undefined) return current
    const attempt = connect(server)
    current = attempt
    attempt.then(
      (connection) => {
        if (connection.over.aborted) forget(attempt)
        else connection.over.addEventListener('abort', () => forget(attempt), { once: true })
      },
      (error: unknown) => failed(attempt, error),
    )
    return attempt
  }

  function forget(connection: Promise<Connection>): void {
    if (current === connection) current = undefined
  }

  async function drop(connection: Promise<Connection>): Promise<void> {
    forget(connection)
    await connection.then(
      (opened) => opened.close(),
      () => {},
    )
  }

  function failed(connection: Promise<Connection>, error: unknown): void {
    if (current !== connection) return
    forget(connection)
    failures += 1
    const waitMs = Math.min(limits.retryDelayMs * 2 ** (failures - 1), limits.maxRetryDelayMs)
    notBefore = now() + waitMs
    log.warn({ server: server.name, err: error, waitMs }, 'a server of tools does not work and is left out')
  }

  function used(connection: Promise<Connection>): void {
    if (connection !== current) return
    clearTimeout(idle)
    idle = setTimeout(() => {
      if (!running.has(connection)) void drop(connection)
      else used(connection)
    }, limits.idleTimeoutMs)
    idle.unref()
  }

  function begins(connection: Promise<Connection>): void {
    running.set(connection, (running.get(connection) ?? 0) + 1)
  }

  function ends(connection: Promise<Connection>): void {
    const others = (running.get(connection) ?? 1) - 1
    if (others > 0) running.set(connection, others)
    else running.delete(connection)
    used(connection)
    if (connection !== current && others === 0) void drop(connection)
  }

  async function ask(name: string, args: JsonObject, options: AbortOptions): Promise<ToolAnswer> {
    const connection = connected()
    begins(connection)
    try {
      return await (await raceSignal(connection, options.signal)).call(name, args, options)
    } catch (error) {
      if (options.signal?.aborted === true) throw error
      // Nothing new goes there. Where it hangs for good, calls of others that still run may yet end well.
      if (isUnseen(error) || running.get(connection) === 1) forget(connection)
      throw error
    } finally {
      ends(connection)
    }
  }

  return {
    server,
    async tools({ signal }) {
      if (closed || now() < notBefore) return undefined
      const connection = connected()
      try {
        const tools = await (await raceSignal(connection, signal)).tools(signal === undefined ? {} : { signal })
        failures = 0
        used(connection)
        return tools
      } catch (error) {
        if (signal?.aborted === true) throw signal.reason
        failed(connection, error)
        void drop(connection)
        return undefined
      }
    },
    async call(name, args, options) {
      if (closed) throw new AppError('mcp.failed', `failed to execute tools: the server "${server.name}" was closed`)
      try {
        return await ask(name, args, options)
      } catch (error) {
        if (closed || !isUnseen(error)) throw error
        return await ask(name, args, options)
      }
    },
    async close() {
      closed = true
      clearTimeout(idle)
      if (current !== undefined) await drop(current)
    },
  }
}

/** The server never saw the call: it was started anew since, and knows nothing of this connection. */
function isUnseen(error: unknown): boolean {
  return error instanceof AppError && error.details['unseen'] === true
}
