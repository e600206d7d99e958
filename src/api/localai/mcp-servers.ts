import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { NOT_STARTED_HEADER } from '../../federation/routed-request.ts'
import type { Mcp, OpenTools } from '../../mcp/create-mcp.ts'
import { parseMcpServers } from '../../models/mcp-servers.ts'
import type { ModelConfig } from '../../models/model-config.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import { MCP_SERVERS, noSuchModel } from './inference-paths.ts'

export interface McpServersDeps {
  /** Absent: this node uses none, and says to members that another one may. */
  readonly mcp?: Mcp | undefined
  readonly registry: Pick<ModelRegistry, 'find'>
}

const Servers = Type.Object({
  model: Type.String(),
  servers: Type.Array(
    Type.Object({ name: Type.String(), type: Type.Enum(['remote', 'stdio']), tools: Type.Array(Type.String()) }),
  ),
})
type Servers = Static<typeof Servers>

const schema = {
  tags: ['mcp'],
  summary: 'The servers of tools of a model that work now',
  params: Type.Object({ '*': Type.String({ maxLength: 512 }) }),
  response: { 200: Servers },
}

/** For models of this node; their tools are told, and nothing of how their servers are reached. */
export const mcpServers: FastifyPluginAsyncTypebox<McpServersDeps> = async (app, { mcp, registry }) => {
  for (const url of MCP_SERVERS.urls) {
    app.get(url, { schema, config: MCP_SERVERS.config }, async (request, reply): Promise<Servers> => {
      if (mcp === undefined) {
        reply.header(NOT_STARTED_HEADER, '1')
        throw new AppError('request.not-found', 'the node that has the model uses no MCP servers')
      }
      const name = request.params['*']
      const config = registry.find(name)
      if (config === undefined) throw noSuchModel(request)
      const open = await openAll(mcp, config)
      const servers = (open?.servers ?? []).map((server) => ({
        name: server.name,
        type: server.kind,
        tools: (open?.tools ?? []).filter((tool) => tool.server === server.name).map((tool) => tool.name),
      }))
      return { model: name, servers }
    })
  }
}

async function openAll(mcp: Mcp, { name, mcp: texts }: ModelConfig): Promise<OpenTools | undefined> {
  if (texts === undefined) return undefined
  try {
    return await mcp.open(name, parseMcpServers(texts), {})
  } catch (error) {
    const { code, message } = AppError.from(error, 'internal')
    if (code === 'mcp.unavailable') return undefined
    throw code === 'mcp.config-invalid' ? new AppError('request.unprocessable', message) : error
  }
}
