import { fileURLToPath } from 'node:url'
import { createApiServer } from '../api/server.ts'
import { type BackendCatalog, createBackendCatalog, parseExternalBackends } from '../backends/backend-catalog.ts'
import { createModelLoader } from '../backends/model-loader.ts'
import { lifecycle, type Startable } from '../base/lifecycle.ts'
import type { Environment } from '../config/setting.ts'
import type { RunSettings } from '../config/settings.ts'
import type { ModelInstaller } from '../gallery/install-model.ts'
import { createChat } from '../inference/chat.ts'
import { createComplete } from '../inference/complete.ts'
import { createCountTokens } from '../inference/count-tokens.ts'
import { createEdit } from '../inference/edit.ts'
import { createEmbed } from '../inference/embed.ts'
import { createDetokenize, createTokenize } from '../inference/tokenize.ts'
import { createModelRegistry } from '../models/create-model-registry.ts'
import { createFileDigests } from '../models/file-digests.ts'
import { validateGguf } from '../models/gguf/validate-gguf.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { createSpeedMeter } from '../telemetry/speed-meter.ts'
import { announceNode, type OnFounded } from './announce-node.ts'
import { apiInit } from './api-init.ts'
import { builtinMain } from './builtin-main.ts'
import { closing } from './closing.ts'
import { composeAccess, type OnSetupCode } from './compose-access.ts'
import { composeGallery, composeModelInstaller } from './compose-gallery.ts'
import { composeManagement } from './compose-management.ts'
import { composeMedia } from './compose-media.ts'
import { composeMembership } from './compose-membership.ts'
import { composeResponses } from './compose-responses.ts'
import { createEngines, type Engines } from './engines.ts'
import { inBackground } from './in-background.ts'
import { makeFolder } from './make-folder.ts'
import { createModelSetup } from './model-setup.ts'
import { createNodeState } from './node-state.ts'

export interface NodeContext {
  readonly log: Logger
  readonly environment: Environment
  /** Called when this node has founded a network, once it can be joined. */
  readonly onFounded: OnFounded
  /** Called when there are accounts and no admin yet. */
  readonly onSetupCode?: OnSetupCode
}

const DEMONSTRATION = {
  name: 'tiny-chat',
  file: fileURLToPath(new URL('../../assets/models/tiny-chat-q8_0.gguf', import.meta.url)),
  demonstration:
    'A demonstration model of 570 KB: it knows a few dozen sentences, and anything else gets fluent nonsense.',
} as const

/** `run`: one node. The list at the end is the order of starting. */
export async function composeNode(settings: RunSettings, context: NodeContext): Promise<Startable & AsyncDisposable> {
  const { log, environment } = context
  const speeds = createSpeedMeter()
  const metrics = speeds.watch(createMetrics({ log: log.child({ room: 'api' }) }))
  const registry = composeRegistry(settings, log)
  const engines = createEngines({ log: log.child({ room: 'backends' }) }, settings)
  const catalog = composeCatalog(settings, engines)
  const loader = composeLoader({ settings, environment, log, metrics, catalog })
  const generation = { registry, loader, log: log.child({ room: 'inference' }) }
  const gallery = composeGallery(
    settings,
    { log, environment },
    { registry, unload: (model, options) => loader.unload(model, options), backendNames: () => catalog.names() },
  )
  const models = createModelSetup(
    { installer: gallery.models, registry, loader, log: log.child({ room: 'gallery' }) },
    settings,
  )
  const complete = createComplete(generation)
  const { media, content, stores } = composeMedia(
    { registry, loader, log, peerId: () => membership?.member.network.peerId },
    settings,
  )
  const responses = composeResponses(
    { log: log.child({ room: 'responses' }), peerId: () => membership?.member.network.peerId },
    settings,
  )
  const inference = {
    chat: createChat(generation),
    complete,
    edit: createEdit({ complete }),
    media,
    embed: createEmbed(generation),
    countTokens: createCountTokens(generation),
    tokenize: createTokenize(generation),
    detokenize: createDetokenize(generation),
    registry,
    responses,
    metrics,
    log: log.child({ room: 'api' }),
  }
  const state = createNodeState({ catalog, engine: () => engines.current() })
  const managed = composeManagement(
    { log, gallery, registry, loader, backendsChanged: () => state.refresh() },
    settings,
  )
  const membership = await composeMembership(
    { log, inference, loader, state, digests: createFileDigests({ log }), speeds },
    settings,
  )
  const access = await composeAccess(settings, context)
  const api = createApiServer(
    { ...inference, ...membership?.apiDeps, access: access.deps, loader, stores, state, ...managed.api },
    apiInit(settings, membership?.member.network.name),
  )
  return lifecycle([
    closing(gallery),
    { start: async () => await makeFolder(settings.modelsPath, '--models-path'), stop: async () => {} },
    registry,
    engines,
    content,
    loader,
    responses,
    models.beforeServing,
    managed.part,
    state,
    ...(membership?.parts ?? []),
    access.part,
    { start: api.start, stop: async () => await stopTogether([api, membership?.peerApp]) },
    announceNode({ log, api, member: membership?.member, onFounded: context.onFounded }),
    inBackground({ log: log.child({ room: 'node' }) }, [
      managed.loadGalleries,
      models.installDefault,
      (options) => engines.buildInBackground(loader, options),
    ]),
    ...(membership === undefined ? [] : [membership.draining]),
  ])
}

/** Clients and members wait for the ends of their answers at the same time, not one after the other. */
async function stopTogether(faces: readonly (Pick<Startable, 'stop'> | undefined)[]): Promise<void> {
  await Promise.all(faces.map((face) => face?.stop()))
}

function composeRegistry(settings: RunSettings, log: Logger) {
  return createModelRegistry(
    { log: log.child({ room: 'models' }) },
    {
      modelsPath: settings.modelsPath,
      builtin: [DEMONSTRATION],
      f16: settings.f16,
      defaultModel: () => settings.defaultModel,
      ...(settings.modelsConfigFile === undefined ? {} : { modelsConfigFile: settings.modelsConfigFile }),
      ...(settings.contextSize === undefined ? {} : { contextSize: settings.contextSize }),
      ...(settings.threads === undefined ? {} : { threads: settings.threads }),
    },
  )
}

/** What a word on the command line may name: the models of the galleries. */
export async function knownModels(
  settings: RunSettings,
  context: Omit<NodeContext, 'onFounded'>,
): Promise<readonly string[]> {
  await using installer: ModelInstaller & AsyncDisposable = composeModelInstaller(settings, context)
  return (await installer.list()).map((model) => model.name)
}

function composeCatalog(settings: RunSettings, engines: Engines): BackendCatalog {
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
    external: parseExternalBackends(settings.externalGrpcBackends),
    backendsPath: settings.backendsPath,
    systemPath: settings.backendsSystemPath,
  })
}

function composeLoader(parts: {
  readonly settings: RunSettings
  readonly environment: Environment
  readonly log: Logger
  readonly metrics: Metrics
  readonly catalog: BackendCatalog
}) {
  const { settings, environment, metrics, catalog } = parts
  return createModelLoader(
    {
      log: parts.log.child({ room: 'backends' }),
      catalog,
      validate: validateGguf,
      events: metrics,
    },
    {
      environment,
      modelsPath: settings.modelsPath,
      maxActiveBackends: settings.maxActiveBackends,
      forceEvictionWhenBusy: settings.forceEvictionWhenBusy,
      lruEvictionMaxRetries: settings.lruEvictionMaxRetries,
      lruEvictionRetryIntervalMs: settings.lruEvictionRetryIntervalMs,
      enableWatchdogIdle: settings.watchdogIdle,
      watchdogIdleTimeoutMs: settings.watchdogIdleTimeoutMs,
      enableWatchdogBusy: settings.watchdogBusy,
      watchdogBusyTimeoutMs: settings.watchdogBusyTimeoutMs,
    },
  )
}
