import type { PublicInit } from '../api/public-routes.ts'
import type { RoutingSettings } from '../config/network-settings.ts'
import type { ApiSettings, FederatedSettings } from '../config/settings.ts'
import { accessInit } from './compose-access.ts'
import { versionWithCommit } from './version.ts'

const BYTES_PER_MEGABYTE = 1024 * 1024

/** The settings of the API, as its server wants them. `nodeName` is this node's name in the network, when it is in one. */
export function apiInit(
  settings: ApiSettings & Pick<RoutingSettings, 'nodeHeader'> & Partial<Pick<FederatedSettings, 'sharedAddress'>>,
  nodeName: string | undefined,
): PublicInit {
  return {
    address: settings.address,
    version: versionWithCommit(),
    uploadLimitBytes: settings.uploadLimitMegabytes * BYTES_PER_MEGABYTE,
    shutdownTimeoutMs: settings.shutdownTimeoutMs,
    webUi: !settings.disableWebUi,
    metricsEndpoint: !settings.disableMetricsEndpoint,
    access: accessInit(settings),
    accountKeyExpiryMs: settings.apiKeyExpiryMs,
    ...(settings.machineTag === undefined ? {} : { machineTag: settings.machineTag }),
    ...(settings.nodeHeader && nodeName !== undefined ? { nodeHeader: nodeName } : {}),
  }
}
