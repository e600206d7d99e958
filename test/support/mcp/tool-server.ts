import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { z } from 'zod'

/** What the tests ask a server of tools for, made with the official library's other half. */
export function createToolServer(name: string, onStart: (tool: string) => unknown = () => {}): McpServer {
  const server = new McpServer({ name, version: '1.0.0' })
  const say = (text: string) => ({ content: [{ type: 'text' as const, text }] })
  const weather = { description: 'The weather of a city', inputSchema: { city: z.string() } }
  server.registerTool('weather', weather, ({ city }) => {
    onStart('weather')
    return say(`${name}: sunny in ${city}`)
  })
  server.registerTool('fails', { description: 'Fails' }, () => ({ ...say('out of order'), isError: true }))
  server.registerTool('huge', { inputSchema: { length: z.number() } }, ({ length }) => say('x'.repeat(length)))
  server.registerTool('hangs', {}, async () => {
    onStart('hangs')
    return await new Promise<never>(() => {})
  })
  const reads = {
    description: 'Reads a slow gauge',
    inputSchema: { city: z.string() },
    annotations: { readOnlyHint: true },
  }
  server.registerTool('gauge', reads, async ({ city }) => {
    await onStart('gauge')
    return say(`${name}: 21 degrees in ${city}`)
  })
  server.registerTool('dies', {}, () => process.exit(3))
  server.registerTool('environment', {}, () => say(Object.keys(process.env).sort().join(' ')))
  server.registerTool('process', {}, () => say(String(process.pid)))
  server.registerTool('nonsense', {}, () => {
    process.stdout.write('this is no JSON\n{"jsonrpc":"1"}\n')
    return say('said after nonsense')
  })
  server.registerTool('picture', {}, () => ({
    content: [{ type: 'image' as const, data: 'aGFsbG8=', mimeType: 'image/png' }],
  }))
  return server
}
