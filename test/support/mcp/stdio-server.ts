import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { createToolServer } from './tool-server.ts'

// A program for tests: a server of tools on its own input and output.
process.stderr.write(`started with ${process.env['SERVER_SECRET'] ?? 'nothing'}\n`)
await createToolServer(process.argv[2] ?? 'stdio').connect(new StdioServerTransport())
