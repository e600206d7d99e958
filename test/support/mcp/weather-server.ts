import { appendFileSync } from 'node:fs'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'

// A program for tests: the one tool that the demonstration model was taught to call, in just the words that it knows. Each
// call is a line in the file that it is given.
const [calls] = process.argv.slice(2)
const TOOL = {
  name: 'get_weather',
  description: 'Get the weather of a city',
  inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
} as const

const server = new Server({ name: 'weather', version: '1.0.0' }, { capabilities: { tools: {} } })
server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [TOOL] }))
server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
  if (calls !== undefined) appendFileSync(calls, `${JSON.stringify(params.arguments)}\n`)
  return {
    content: [{ type: 'text', text: params.arguments?.['city'] === 'Oslo' ? '{"temperature": 20}' : '{}' }],
  }
})
await server.connect(new StdioServerTransport())
