import { createOutgoing } from '../base/outgoing.ts'
import { readProxies } from '../base/proxies.ts'
import type { mcpSettings } from '../config/mcp-settings.ts'
import type { Environment, Values } from '../config/setting.ts'
import { createMcp, type Mcp } from '../mcp/create-mcp.ts'
import { MCP_LIMITS } from '../mcp/tool-server.ts'
import type { Logger } from '../telemetry/logger.ts'

const CONNECT_MS = 10_000

/** Undefined when the operator wants no servers of tools. */
export function composeMcp(
  { log, environment }: { readonly log: Logger; readonly environment: Environment },
  { disableMcp }: Values<typeof mcpSettings>,
): Mcp | undefined {
  if (disableMcp) return undefined
  const outgoing = createOutgoing({ connectTimeout: CONNECT_MS }, readProxies(environment))
  const mcp = createMcp({ log: log.child({ room: 'mcp' }), fetch: outgoing.fetch }, MCP_LIMITS)
  return {
    ...mcp,
    async stop() {
      await mcp.stop()
      await outgoing.destroy()
    },
  }
}
