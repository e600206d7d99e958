import type { AbortOptions } from '../base/signals.ts'
import type { Environment, Values } from '../config/setting.ts'
import type { hubScanSettings } from '../config/tool-settings.ts'
import { chooseHubEndpoint } from '../gallery/download/uri.ts'
import { createHubScan, repositoryOf, type ScanResult } from '../gallery/safety-scan.ts'
import { composeDownloads } from './compose-gallery.ts'

export interface ScannedUri {
  readonly uri: string
  /** Where nothing is scanned, since it is not on the Hugging Face hub, there is none. */
  readonly repository?: string
  readonly result: ScanResult | 'elsewhere'
}

/** Asks the hub what its scanners found in the repositories of these URIs, one after the other. */
export async function scanHub(
  uris: readonly string[],
  { settings, environment }: { readonly settings: Values<typeof hubScanSettings>; readonly environment: Environment },
  options: AbortOptions = {},
): Promise<readonly ScannedUri[]> {
  const { http, close } = composeDownloads(settings, environment)
  try {
    const scan = createHubScan({ http }, { hubEndpoint: chooseHubEndpoint(environment) })
    const results: ScannedUri[] = []
    for (const uri of uris) {
      const [repository] = repositoryOf(uri)
      if (repository === undefined) results.push({ uri, result: 'elsewhere' })
      else results.push({ uri, repository, result: await scan(repository, options) })
    }
    return results
  } finally {
    await close()
  }
}
