import { fileURLToPath } from 'node:url'
import { type BackendCatalog, createBackendCatalog } from '../backends/backend-catalog.ts'
import { type ConfigurableLoader, createModelLoader } from '../backends/model-loader.ts'
import type { PlaceModel } from '../backends/model-placement.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { NodeSettings } from '../config/dynamic/node-settings.ts'
import type { Environment } from '../config/setting.ts'
import type { RunSettings } from '../config/settings.ts'
import { wrongWords } from '../inference/check-words.ts'
import { createModelRegistry } from '../models/create-model-registry.ts'
import { validateGguf } from '../models/gguf/validate-gguf.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import type { MetricsSeries } from '../telemetry/metrics-series.ts'
import { createSpeedMeter, type SpeedMeter } from '../telemetry/speed-meter.ts'
import type { Upstreams } from '../upstreams/create-upstreams.ts'
import { loaderWithUpstreams, registryWithUpstreams } from '../upstreams/with-upstreams.ts'
import { builtinMain } from './builtin-main.ts'
import { closing } from './closing.ts'
import { composeGallery, type Gallery } from './compose-gallery.ts'
import { composeSeries } from './compose-series.ts'
import { composeUpstreams } from './compose-upstreams.ts'
import { type DynamicConfig, prepareDynamicConfig } from './dynamic-config.ts'
import { createEngines, type Engines } from './engines.ts'
import { makeFolder } from './make-folder.ts'
import { modelLimits } from './model-limits.ts'
import { createModelSetup, type ModelSetup } from './model-setup.ts'

export interface EngineRoomContext {
  readonly log: Logger
  readonly environment: Environment
  /** The settings that a flag or a variable has decided, the global ones among them. */
  readonly explicit: ReadonlySet<string>
  /** Where models of our own backends go; absent: they stay on this machine. */
  readonly place?: PlaceModel
}

/** What it takes to have models and run them, whoever asks for it. */
export interface EngineRoom {
  readonly dynamic: DynamicConfig
  /** Each property is the value as of now. */
  readonly settings: NodeSettings
  readonly registry: ModelRegistry
  readonly engines: Engines
  readonly catalog: BackendCatalog
  readonly loader: ConfigurableLoader
  readonly gallery: Gallery
  readonly models: ModelSetup
  readonly metrics: Metrics
  readonly speeds: SpeedMeter
  /** Counts what `metrics` is told. */
  readonly series: MetricsSeries
  /** Servers whose models are models of this node; undefined when none is attached. */
  readonly upstreams: Upstreams | undefined
  /** To be started before the loader. */
  readonly ground: readonly Startable[]
}

const DEMONSTRATION = {
  name: 'tiny-chat',
  file: fileURLToPath(new URL('../../assets/models/tiny-chat-q8_0.gguf', import.meta.url)),
  demonstration:
    'A demonstration model of 570 KB: it knows a few dozen sentences, and anything else gets fluent nonsense.',
} as const

export async function composeEngineRoom(given: RunSettings, context: EngineRoomContext): Promise<EngineRoom> {
  const { log } = context
  const dynamic = await prepareDynamicConfig(context, given)
  const { settings } = dynamic
  const speeds = createSpeedMeter()
  const series = composeSeries()
  const metrics = series.watch(speeds.watch(createMetrics({ log: log.child({ room: 'api' }) })))
  const upstreams = await composeUpstreams({ ...context, metrics }, settings)
  const registry = registryWithUpstreams(composeRegistry(settings, log), upstreams)
  const engines = createEngines({ log: log.child({ room: 'backends' }) }, settings)
  const catalog = composeCatalog(dynamic, engines)
  const loader = loaderWithUpstreams(composeLoader(context, { settings, metrics, catalog }), upstreams)
  const gallery = composeGallery(settings, context, {
    registry,
    unload: (model, options) => loader.unload(model, options),
    backendNames: () => catalog.names(),
  })
  const models = createModelSetup(
    { installer: gallery.models, files: gallery.files, registry, loader, log: log.child({ room: 'gallery' }) },
    settings,
  )
  const folder = async (): Promise<void> => await makeFolder(settings.modelsPath, '--models-path')
  const ground = [
    closing(gallery),
    { start: folder, stop: async () => {} },
    registry,
    engines,
    ...(upstreams ? [upstreams] : []),
  ]
  return {
    dynamic,
    settings,
    registry,
    engines,
    catalog,
    loader,
    gallery,
    models,
    metrics,
    speeds,
    series,
    upstreams,
    ground,
  }
}

function composeRegistry(settings: RunSettings, log: Logger) {
  return createModelRegistry(
    { log: log.child({ room: 'models' }), check: wrongWords },
    {
      modelsPath: settings.modelsPath,
      builtin: [DEMONSTRATION],
      defaultModel: () => settings.defaultModel,
      ...(settings.modelsConfigFile === undefined ? {} : { modelsConfigFile: settings.modelsConfigFile }),
      defaults: () => ({
        f16: settings.f16,
        guessing: !settings.disableGuessing,
        ...(settings.contextSize === undefined ? {} : { contextSize: settings.contextSize }),
        ...(settings.threads === undefined ? {} : { threads: settings.threads }),
      }),
    },
  )
}

function composeCatalog({ settings, externalBackends }: DynamicConfig, engines: Engines): BackendCatalog {
  return createBackendCatalog({
    builtins: [
      {
        name: 'llama-cpp',
        command: process.execPath,
        // Asked for at every start of a process: what the engines are is known only once they have started.
        get args() {
          return [fileURLToPath(builtinMain('llama-cpp')), ...engines.backendArguments()]
        },
      },
    ],
    get external() {
      return externalBackends()
    },
    backendsPath: settings.backendsPath,
    systemPath: settings.backendsSystemPath,
  })
}

function composeLoader(
  { log, environment, place }: EngineRoomContext,
  {
    settings,
    metrics,
    catalog,
  }: { readonly settings: RunSettings; readonly metrics: Metrics; readonly catalog: BackendCatalog },
): ConfigurableLoader {
  return createModelLoader(
    { log: log.child({ room: 'backends' }), catalog, validate: validateGguf, events: metrics, ...(place && { place }) },
    { environment, modelsPath: settings.modelsPath, ...modelLimits(settings) },
  )
}
