import { readFile } from 'node:fs/promises'
import { readProxies } from '../base/proxies.ts'
import type { Environment } from '../config/setting.ts'
import type { RunSettings } from '../config/settings.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createUpstreams, type Upstreams } from '../upstreams/create-upstreams.ts'
import { readUpstreamConfigs } from '../upstreams/upstream-config.ts'

/** A server that answers does so in this time; others are looked for while the node serves. */
const FIRST_LOOK_MS = 3_000

/** The servers that the operator attached; undefined when there are none. Throws `config.invalid`. */
export async function composeUpstreams(
  context: { readonly log: Logger; readonly metrics: Metrics; readonly environment: Environment },
  settings: Pick<RunSettings, 'upstreams' | 'upstreamKeys' | 'upstreamModels'>,
): Promise<Upstreams | undefined> {
  const { log, metrics, environment } = context
  const upstreams = await readUpstreamConfigs(settings, { environment, readFile: (path) => readFile(path, 'utf8') })
  if (upstreams.length === 0) return undefined
  return createUpstreams(
    { log: log.child({ room: 'upstreams' }), metrics },
    { upstreams, firstLookMs: FIRST_LOOK_MS, proxies: readProxies(environment) },
  )
}
