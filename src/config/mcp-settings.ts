import { bool, setting } from './setting.ts'

export const mcpSettings = {
  disableMcp: setting({
    flags: ['--disable-mcp'],
    env: ['LOCALAI_DISABLE_MCP', 'DISABLE_MCP'],
    fallback: false,
    help: 'Ignore the MCP servers in the YAML of models, and serve no routes for them',
    group: 'API',
    kind: bool,
  }),
} as const
