import { type Kind, number, oneOf, optionalText, setting, text, type Values } from './setting.ts'

/** OpenTelemetry's specification: a variable that is set and empty counts as one that is not set. */
function unlessEmpty<T>(kind: Kind<T>, fallback: NoInfer<T>): Kind<T> {
  return { ...kind, parse: (value) => (value === '' ? fallback : kind.parse(value)) }
}

const SAMPLER = 'parentbased_always_on'
const SAMPLED_PART = 1
const SERVICE = 'local-ai'

/** Traces for a collector; off until there is one. The variables are those of OpenTelemetry. */
export const tracingSettings = {
  otlpEndpoint: setting({
    flags: ['--otlp-endpoint'],
    env: ['LOCALAI_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    fallback: undefined,
    fallbackText: 'none: no traces',
    help: 'OpenTelemetry collector that gets the traces (OTLP over HTTP, JSON): http://127.0.0.1:4318',
    group: 'Tracing',
    kind: optionalText,
  }),
  otlpTracesEndpoint: setting({
    flags: ['--otlp-traces-endpoint'],
    env: ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
    fallback: undefined,
    fallbackText: '--otlp-endpoint with /v1/traces',
    help: 'The whole URL, where it is another one',
    group: 'Tracing',
    kind: optionalText,
  }),
  tracesSampler: setting({
    flags: ['--traces-sampler'],
    env: ['OTEL_TRACES_SAMPLER'],
    fallback: SAMPLER,
    help: 'Which requests are traced; parentbased: as the traceparent of the client says, where it has one',
    group: 'Tracing',
    kind: unlessEmpty(
      oneOf(
        'always_on',
        'always_off',
        'traceidratio',
        'parentbased_always_on',
        'parentbased_always_off',
        'parentbased_traceidratio',
      ),
      SAMPLER,
    ),
  }),
  tracesSamplerArg: setting({
    flags: ['--traces-sampler-arg'],
    env: ['OTEL_TRACES_SAMPLER_ARG'],
    fallback: SAMPLED_PART,
    help: 'The part of the requests that a traceidratio traces, 0 to 1',
    group: 'Tracing',
    kind: unlessEmpty(number, SAMPLED_PART),
  }),
  traceService: setting({
    flags: ['--trace-service'],
    env: ['OTEL_SERVICE_NAME'],
    fallback: SERVICE,
    help: 'Name of this service in traces',
    group: 'Tracing',
    kind: unlessEmpty(text, SERVICE),
  }),
} as const

export type TracingSettings = Values<typeof tracingSettings>
