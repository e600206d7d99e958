import { createImages, type Images } from '../oci/create-images.ts'
import type { CredentialsFor } from '../oci/docker-credentials.ts'
import { type ImagePlatform, platformOf } from '../oci/manifest.ts'
import { createRegistryClient } from '../oci/registry-client.ts'
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
  /** For registries of images; without it they are asked as nobody in particular. */
  readonly credentialsFor?: CredentialsFor
  /** Whose images are taken; this machine's unless said otherwise. */
  readonly platform?: ImagePlatform
}

export interface Downloads {
  readonly http: HttpClient
  readonly fetcher: FileFetcher
  readonly images: Images
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
  const { credentialsFor = async () => undefined, platform = platformOf(process.platform, process.arch) } = init
  const registry = createRegistryClient({ http, credentialsFor }, { allowHttp: settings.allowHttp })
  const images = createImages({ registry }, { platform, maxBytes: settings.maxBytes })
  const fetcher = createFileFetcher(
    { http, packages, images },
    { hubEndpoint: init.hubEndpoint, maxBytes: settings.maxBytes },
  )
  return { http, fetcher, images, close: () => http.close() }
}
