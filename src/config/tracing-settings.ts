import { number, oneOf, optionalText, setting, text, type Values } from './setting.ts'

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
    fallback: 'parentbased_always_on',
    help: 'Which requests are traced; parentbased: as the traceparent of the client says, where it has one',
    group: 'Tracing',
    kind: oneOf(
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ),
  }),
  tracesSamplerArg: setting({
    flags: ['--traces-sampler-arg'],
    env: ['OTEL_TRACES_SAMPLER_ARG'],
    fallback: 1,
    help: 'The part of the requests that a traceidratio traces, 0 to 1',
    group: 'Tracing',
    kind: number,
  }),
  traceService: setting({
    flags: ['--trace-service'],
    env: ['OTEL_SERVICE_NAME'],
    fallback: 'local-ai',
    help: 'Name of this service in traces',
    group: 'Tracing',
    kind: text,
  }),
} as const

export type TracingSettings = Values<typeof tracingSettings>
