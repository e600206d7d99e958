import { runCommand } from './child-command.ts'
import { createFileFetcher, type FileFetcher } from './fetch-file.ts'
import { createHttpClient, HTTP_DEFAULTS, type HttpClient, type HttpClientInit } from './http-client.ts'
import { createPackageSource, defaultPackageClients, type PackageSourceInit } from './package-source.ts'
import { PUBLIC_HUB } from './uri.ts'

export interface DownloadsInit {
  /** From `chooseHubEndpoint`. Anything but the public hub is the operator's choice, and so trusted. */
  readonly hubEndpoint: string
  readonly hubToken?: string
  readonly http?: Partial<Omit<HttpClientInit, 'hub'>>
  readonly packages?: Partial<PackageSourceInit>
}

export interface Downloads {
  readonly http: HttpClient
  readonly fetcher: FileFetcher
  close(): Promise<void>
}

/** The ways to bring files, put together. Making it opens nothing. */
export function createDownloads(init: DownloadsInit): Downloads {
  const settings = { ...HTTP_DEFAULTS, ...init.http }
  const own = init.hubEndpoint === PUBLIC_HUB ? [] : [init.hubEndpoint]
  const http = createHttpClient(
    {},
    {
      ...settings,
      trustedOrigins: [...settings.trustedOrigins, ...own],
      hub: { endpoint: init.hubEndpoint, ...(init.hubToken === undefined ? {} : { token: init.hubToken }) },
    },
  )
  const packages = createPackageSource(
    { run: runCommand },
    { clients: defaultPackageClients(process.execPath), ...init.packages },
  )
  const fetcher = createFileFetcher({ http, packages }, { hubEndpoint: init.hubEndpoint, maxBytes: settings.maxBytes })
  return { http, fetcher, close: () => http.close() }
}
