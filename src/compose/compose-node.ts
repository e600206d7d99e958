import { createApiServer } from '../api/server.ts'
import { lifecycle, type Startable } from '../base/lifecycle.ts'
import { RuntimeSettingsSchema } from '../config/dynamic/stored-settings.ts'
import type { RunSettings } from '../config/settings.ts'
import type { ModelInstaller } from '../gallery/install-model.ts'
import { createChat } from '../inference/chat.ts'
import { createComplete } from '../inference/complete.ts'
import { createCountTokens } from '../inference/count-tokens.ts'
import { createEdit } from '../inference/edit.ts'
import { createEmbed } from '../inference/embed.ts'
import { createDetokenize, createTokenize } from '../inference/tokenize.ts'
import { createFileDigests } from '../models/file-digests.ts'
import type { ResponsesEvents } from '../responses/response-copy.ts'
import type { LogHistory } from '../telemetry/log-history.ts'
import { createLoopWatch } from '../telemetry/loop-watch.ts'
import { announceNode, type OnFounded } from './announce-node.ts'
import { apiInit } from './api-init.ts'
import { composeAccess, type OnSetupCode } from './compose-access.ts'
import { composeModelInstaller, type GalleryContext } from './compose-gallery.ts'
import { composeManagement } from './compose-management.ts'
import { composeMcp } from './compose-mcp.ts'
import { composeMedia } from './compose-media.ts'
import { composeMembership, type Membership } from './compose-membership.ts'
import { composePlacement, type Placement } from './compose-placement.ts'
import { composeResponses } from './compose-responses.ts'
import { composeTracing } from './compose-tracing.ts'
import { composeEngineRoom, type EngineRoomContext } from './engine-room.ts'
import { inBackground } from './in-background.ts'
import { createNodeState } from './node-state.ts'
import { programWords } from './program-words.ts'

export interface NodeContext extends EngineRoomContext {
  /** Shown to the node's owner. Absent: the log is seen where it is written, and nowhere else. */
  readonly logHistory?: LogHistory
  /** Called when this node has founded a network, once it can be joined. */
  readonly onFounded: OnFounded
  /** Called when there are accounts and no admin yet. */
  readonly onSetupCode?: OnSetupCode
}

/** `run`: one node. The list at the end is the order of starting. */
export async function composeNode(given: RunSettings, context: NodeContext): Promise<Startable & AsyncDisposable> {
  const { log } = context
  let placement: Placement | undefined
  const room = await composeEngineRoom(given, {
    ...context,
    place: async (...model) => await placement?.place(...model),
  })
  const { dynamic, settings, registry, engines, catalog, loader, gallery, models, metrics, speeds, series } = room
  const generation = { registry, loader, log: log.child({ room: 'inference' }) }
  const complete = createComplete(generation)
  const { media, content, stores } = composeMedia(
    { registry, loader, log, peerId: () => membership?.member.network.peerId },
    settings,
  )
  const responses = composeResponses(
    {
      log: log.child({ room: 'responses' }),
      peerId: () => membership?.member.network.peerId,
      events: tellMembers(() => membership),
    },
    settings,
  )
  const mcp = composeMcp(context, settings)
  const tracing = await composeTracing({ log }, settings)
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
    mcp,
    ...{ metrics, tracing },
    log: log.child({ room: 'api' }),
  }
  const state = createNodeState({ catalog, engine: () => engines.current() })
  const managed = composeManagement(
    { log, gallery, registry, loader, backendsChanged: () => state.refresh() },
    settings,
  )
  if (settings.preloadBackendOnly) {
    const announce = async (): Promise<void> => log.info('the models are there; the API is switched off')
    const following = dynamic.follow({ loader, registry })
    return lifecycle([...room.ground, loader, following, models.install, managed.part, models.load, part(announce)])
  }
  const membership = await composeMembership(
    {
      ...{ log, inference, loader, state, speeds },
      ...{ digests: createFileDigests({ log }), upstreams: room.upstreams, runtimeSettings: dynamic.runtimeSettings },
    },
    settings,
  )
  placement = composePlacement({ ...room, log, membership }, settings)
  const access = await composeAccess(settings, context)
  const lag = createLoopWatch({ log: log.child({ room: 'node' }) }, { limitMs: settings.shedLagMs })
  const api = createApiServer(
    {
      ...{ ...inference, ...membership?.apiDeps, access: access.deps, loader, stores, state, ...managed.api },
      ...{ upstreams: room.upstreams, plans: placement.plans, series, lag, logHistory: context.logHistory },
      settings: dynamic.runtimeSettings && { ...dynamic.runtimeSettings, schema: RuntimeSettingsSchema },
    },
    { ...apiInit(settings, membership?.member.network.name), program: programWords(context.environment) },
  )
  return lifecycle([
    ...room.ground,
    ...(tracing === undefined ? [] : [tracing]),
    series,
    content,
    ...placement.parts,
    loader,
    ...(mcp === undefined ? [] : [mcp]),
    responses,
    dynamic.follow({
      ...{ loader, registry, keys: access.deps.keys, backendsChanged: () => state.refresh() },
      changed: () => membership?.lending.rulesChanged(),
    }),
    models.install,
    managed.part,
    models.load,
    state,
    ...[...(membership?.parts ?? []), access.part, lag],
    { start: api.start, stop: async () => await stopTogether([api, membership?.peerApp]) },
    announceNode({ log, api, member: membership?.member, onFounded: context.onFounded }),
    inBackground({ log: log.child({ room: 'node' }) }, [
      managed.loadGalleries,
      (options) => models.installDefault(managed.jobs, options),
      (options) => engines.buildInBackground(loader, options),
    ]),
    ...(membership === undefined ? [] : [membership.draining]),
  ])
}

/** What becomes of responses, once there is a network to tell it to. */
function tellMembers(membership: () => Membership | undefined): ResponsesEvents {
  return {
    begun: (record, request) => membership()?.responsesEvents.begun(record, request),
    finished: (record) => membership()?.responsesEvents.finished(record),
    removed: (id, owner) => membership()?.responsesEvents.removed(id, owner),
  }
}

function part(start: () => Promise<void>): Startable {
  return { start, stop: async () => {} }
}

/** Clients and members wait for the ends of their answers at the same time, not one after the other. */
async function stopTogether(faces: readonly (Pick<Startable, 'stop'> | undefined)[]): Promise<void> {
  await Promise.all(faces.map((face) => face?.stop()))
}

/** What a word on the command line may name: the models of the galleries. */
export async function knownModels(settings: RunSettings, context: GalleryContext): Promise<readonly string[]> {
  await using installer: ModelInstaller & AsyncDisposable = composeModelInstaller(settings, context)
  return (await installer.list()).map((model) => model.name)
}
