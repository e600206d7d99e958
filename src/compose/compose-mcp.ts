import type { mcpSettings } from '../config/mcp-settings.ts'
import type { Values } from '../config/setting.ts'
import { createMcp, type Mcp } from '../mcp/create-mcp.ts'
import { MCP_LIMITS } from '../mcp/tool-server.ts'
import type { Logger } from '../telemetry/logger.ts'

/** Undefined when the operator wants no servers of tools. */
export function composeMcp(log: Logger, { disableMcp }: Values<typeof mcpSettings>): Mcp | undefined {
  return disableMcp ? undefined : createMcp({ log: log.child({ room: 'mcp' }), fetch }, MCP_LIMITS)
}
