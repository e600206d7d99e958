import { hostname } from 'node:os'
import { AppError } from '../base/errors.ts'
import type { TracingSettings } from '../config/tracing-settings.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import { version } from './version.ts'

const DELAY_MS = 2000

/** Undefined, with nothing of it loaded, until there is somebody who wants the traces. */
export async function composeTracing(
  { log }: { readonly log: Logger },
  settings: TracingSettings & { readonly nodeName: string | undefined },
): Promise<Tracing | undefined> {
  const url = tracesUrl(settings)
  if (url === undefined) return undefined
  const { createOtlpTracing } = await import('../telemetry/otlp-tracing.ts')
  const { traceService: name, nodeName, tracesSampler: sampler, tracesSamplerArg: ratio } = settings
  const service = { name, version: version(), instance: nodeName ?? hostname() }
  return createOtlpTracing({ log: log.child({ room: 'tracing' }) }, { url, service, sampler, ratio, delayMs: DELAY_MS })
}

/** The endpoint for all signals is a folder, that for traces the place itself (the OTLP exporter's specification). */
function tracesUrl({ otlpEndpoint, otlpTracesEndpoint }: TracingSettings): string | undefined {
  const text =
    otlpTracesEndpoint ?? (otlpEndpoint === undefined ? undefined : `${otlpEndpoint.replace(/\/+$/, '')}/v1/traces`)
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text
  // The URL may carry a password: it is not repeated.
  throw new AppError('config.invalid', '--otlp-endpoint: expected something like http://127.0.0.1:4318')
}
