import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { ServerTools } from '../inference/tools/offer-tools.ts'
import type { Mcp } from '../mcp/create-mcp.ts'
import { parseMcpServers } from '../models/mcp-servers.ts'
import type { ModelConfig } from '../models/model-config.ts'

/** The keys of `metadata` that speak of servers of tools; no backend needs to see them. */
export const SERVERS_KEY = 'mcp_servers'

export interface WantedServers extends AbortOptions {
  /** `metadata.mcp_servers`: names, with commas between; absent or empty: all. */
  readonly names?: string | undefined
}

/**
 * The tools of the servers in a model's configuration; undefined when it has none. A request can choose among them, and
 * never adds one. Throws `mcp.config-invalid`, `mcp.unavailable`, and `request.invalid` for a name that is not there.
 */
export async function openServerTools(
  { mcp }: { readonly mcp: Pick<Mcp, 'open'> },
  { name: model, mcp: texts }: ModelConfig,
  { names = '', ...options }: WantedServers,
): Promise<ServerTools | undefined> {
  if (texts === undefined) return undefined
  const servers = parseMcpServers(texts)
  const only = names.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
  const unknown = only.find((name) => !servers.some((server) => server.name === name))
  if (unknown !== undefined) {
    const message = `metadata.${SERVERS_KEY}: "${unknown.slice(0, 100)}" is no server of the model "${model}"`
    throw new AppError('request.invalid', message, { details: { param: `metadata.${SERVERS_KEY}` } })
  }
  return await mcp.open(model, servers, { ...options, ...(only.length === 0 ? {} : { only }) })
}
