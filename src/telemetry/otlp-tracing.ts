import {
  type Context,
  type Span as OtlpSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api'
import { ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { NAMES } from './genai-names.ts'
import type { Logger } from './logger.ts'
import type { Attributes, Span, SpanInit, Tracing } from './tracing.ts'

/** As `OTEL_TRACES_SAMPLER` names them. `parentbased`: what the client's `traceparent` says counts first. */
export type SamplerName =
  | 'always_on'
  | 'always_off'
  | 'traceidratio'
  | 'parentbased_always_on'
  | 'parentbased_always_off'
  | 'parentbased_traceidratio'

export interface OtlpTracingInit {
  /** Where traces are sent as OTLP over HTTP, JSON: `http://127.0.0.1:4318/v1/traces`. */
  readonly url: string
  readonly service: { readonly name: string; readonly version: string; readonly instance: string }
  readonly sampler: SamplerName
  /** Of the traces that begin here, with a `traceidratio`: 0 to 1. */
  readonly ratio: number
  /** How long spans are gathered before they are sent. */
  readonly delayMs: number
}

/** Spans that wait to be sent; more are dropped. */
const MAX_WAITING = 4096
const EXPORT_TIMEOUT_MS = 5000
const MAX_TEXT = 256

/** Loaded only where traces are wanted: nobody else pays for the libraries. Sends what is left at `stop`. */
export function createOtlpTracing({ log }: { readonly log: Pick<Logger, 'warn'> }, init: OtlpTracingInit): Tracing {
  const { name, version, instance } = init.service
  const exporter = new OTLPTraceExporter({ url: init.url, timeoutMillis: EXPORT_TIMEOUT_MS })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      [NAMES.service]: name,
      [NAMES.serviceVersion]: version,
      [NAMES.serviceInstance]: instance,
    }),
    sampler: toSampler(init),
    spanLimits: { attributeValueLengthLimit: MAX_TEXT, attributeCountLimit: 32 },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: warning(exporter, log),
        maxQueueSize: MAX_WAITING,
        scheduledDelayMillis: init.delayMs,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  })
  const tracer = provider.getTracer('local-ai', version)
  const propagator = new W3CTraceContextPropagator()

  function begin(spanName: string, parent: Context, { kind, attributes = {}, msAgo = 0 }: SpanInit): Span {
    const startTime = Date.now() - msAgo
    const span = tracer.startSpan(spanName, { kind: KINDS[kind], attributes: { ...attributes }, startTime }, parent)
    const context = trace.setSpan(parent, span)
    const headers: Record<string, string> = {}
    propagator.inject(context, headers, {
      set: (_carrier, key, value) => void Object.assign(headers, { [key]: value }),
    })
    return {
      headers,
      rename: (newName) => void span.updateName(newName),
      set: (more) => setAll(span, more),
      child: (childName, childInit) => begin(childName, context, childInit),
      end({ error } = {}) {
        if (!span.isRecording()) return
        if (error !== undefined) {
          span.setAttribute(NAMES.error, error)
          span.setStatus({ code: SpanStatusCode.ERROR })
        }
        span.end()
      },
    }
  }

  return {
    begin: (spanName, headers, spanInit) =>
      begin(spanName, propagator.extract(ROOT_CONTEXT, headers, GETTER), spanInit),
    async start() {},
    async stop() {
      await provider.shutdown().catch((error: unknown) => log.warn({ err: error }, 'the last traces were not sent'))
    },
  }
}

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const

const GETTER: TextMapGetter = {
  keys: (carrier: Readonly<Record<string, unknown>>) => Object.keys(carrier),
  get(carrier: Readonly<Record<string, unknown>>, key) {
    const value = carrier[key]
    return typeof value === 'string' ? value : undefined
  },
}

function setAll(span: OtlpSpan, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) span.setAttribute(name, value)
}

/** Says once that nobody takes the traces, and once that somebody does again. */
function warning(exporter: OTLPTraceExporter, log: Pick<Logger, 'warn'>): SpanExporter {
  let failing = false
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.code === ExportResultCode.FAILED
        if (failed !== failing) log.warn({ err: result.error }, failed ? 'traces are lost' : 'traces are sent again')
        failing = failed
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  }
}

function toSampler({ sampler, ratio }: Pick<OtlpTracingInit, 'sampler' | 'ratio'>): Sampler {
  const parentBased = sampler.startsWith('parentbased_')
  const root = rootSampler(sampler.replace('parentbased_', ''), ratio)
  return parentBased ? new ParentBasedSampler({ root }) : root
}

function rootSampler(name: string, ratio: number): Sampler {
  if (name === 'always_off') return new AlwaysOffSampler()
  return name === 'traceidratio' ? new TraceIdRatioBasedSampler(ratio) : new AlwaysOnSampler()
}
