import type { InferenceDeps } from '../api/inference-routes.ts'
import type { Drain } from '../api/localai/drain.ts'
import type { NodeState } from '../api/localai/node-state.ts'
import { createPeerApp } from '../api/peer-app.ts'
import type { NetworkDeps } from '../api/public-routes.ts'
import type { ModelLoader } from '../backends/model-lease.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { RuntimeSettings } from '../config/dynamic/runtime-settings.ts'
import type { RunSettings } from '../config/settings.ts'
import { KEPT_PREFIXES_DEFAULTS } from '../federation/prefix/kept-prefixes.ts'
import { createServedPrompts } from '../federation/prefix/served-prompts.ts'
import type { LocalNode } from '../federation/routed-request.ts'
import type { FileDigests } from '../models/file-digests.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Network } from '../p2p/network.ts'
import type { ResponsesEvents } from '../responses/response-copy.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { SpeedMeter } from '../telemetry/speed-meter.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import type { Upstreams } from '../upstreams/create-upstreams.ts'
import { createModelPieces } from '../workers/lease/model-pieces.ts'
import { createAdvertiser } from './advertise.ts'
import { apiInit } from './api-init.ts'
import { closing } from './closing.ts'
import type { Lending } from './compose-lending.ts'
import { type Member, prepareMember } from './compose-member.ts'
import { composeNodeLending } from './compose-node-lending.ts'
import { composePeerToPeer, composeRouting } from './compose-routing.ts'
import { composeSurvival } from './compose-survival.ts'
import { createDrain } from './create-drain.ts'
import { deviceOf, likeness, requestsAt, toNodeLoad, toNodeOffer } from './node-offer.ts'
import { openSelf } from './open-self.ts'
import { version } from './version.ts'

export interface MembershipDeps {
  readonly log: Logger
  readonly inference: InferenceDeps & {
    readonly registry: ModelRegistry
    readonly log: Logger
    readonly tracing: Tracing | undefined
  }
  readonly loader: Pick<ModelLoader, 'loaded'>
  readonly state: Pick<NodeState, 'backends' | 'engine'>
  readonly digests: FileDigests
  /** Undefined: no servers are attached. */
  readonly upstreams: Upstreams | undefined
  readonly speeds: Pick<SpeedMeter, 'of'>
  /** Undefined: they are switched off. */
  readonly runtimeSettings: Pick<RuntimeSettings, 'change'> | undefined
}

/** A node's place in the network: what it shows there, and what its API gets from there. */
export interface Membership {
  readonly member: Member
  readonly apiDeps: NetworkDeps
  /** What this node lends of its memory, and what it borrows. */
  readonly lending: Lending
  /** In the order of starting. */
  readonly parts: readonly Startable[]
  /** The face for members; to be started with `parts`, and to be stopped while the network is still there. */
  readonly peerApp: Pick<Startable, 'stop'>
  /** To be stopped first of all: the others hear that this node takes nothing new, and what runs goes on. */
  readonly draining: Startable
  /** What becomes of the responses of this node. */
  readonly responsesEvents: ResponsesEvents
}

/** Undefined for a node that stays alone. Without `--federated` it is a member that neither serves nor asks. */
export async function composeMembership(deps: MembershipDeps, settings: RunSettings): Promise<Membership | undefined> {
  const { p2p, p2pToken, p2pTokenFile, federated } = settings
  const { log, loader, digests } = deps
  if (!(p2p ?? (p2pToken !== undefined || p2pTokenFile !== undefined))) {
    if (federated) log.warn('--federated does nothing without --p2p or a token')
    if (settings.lend) log.warn('--lend does nothing without --p2p or a token: nobody could borrow')
    return undefined
  }
  const drain = createDrain({
    log: log.child({ room: 'node' }),
    running: () => requestsAt(loader.loaded()),
    changed() {
      advertiser.look()
      routing?.part.localChanged()
    },
  })
  const member = await prepareMember(
    { log, accept: (socket) => (federated ? peerApp : lending.app).accept(socket) },
    settings,
  )
  const { network } = member
  const ownSocket = () => openSelf(network.peerId, peerApp.accept)
  const survival = composeSurvival(
    {
      ...{ network, log: log.child({ room: 'federation' }) },
      serves: federated ? { responses: deps.inference.responses, openSelf: ownSocket } : undefined,
    },
    settings,
  )
  const modelPieces = createModelPieces({
    files: () => deps.inference.registry.list().map(({ config }) => config.modelFile),
  })
  const lending = composeNodeLending(
    {
      modelPieces,
      ...{ log, network, metrics: deps.inference.metrics, runtimeSettings: deps.runtimeSettings },
      ...{ draining: () => drain.draining, onChange: () => advertiser.look() },
    },
    settings,
  )
  const served = createServedPrompts({ now: () => performance.now() }, KEPT_PREFIXES_DEFAULTS)
  const peerApp = createPeerApp(
    { ...deps.inference, drain, ...survival.peerDeps, served: served.note, lending: lending.face },
    apiInit(settings, undefined),
  )
  const offer = () => ({ ...nodeOffer(deps, settings), ...lending.offered(), draining: drain.draining })
  const load = () => ({ ...toNodeLoad(loader.loaded(), slotsOf(deps, settings)), ...served.told() })
  const self = () => ({ offer: offer(), load: load() })
  const routing = federated
    ? composeRouting(
        {
          openSelf: ownSocket,
          ...{
            member,
            local: toLocalNode({ ...deps, drain, network }, settings),
            self,
            served,
            metrics: deps.inference.metrics,
            tracing: deps.inference.tracing,
          },
          log: log.child({ room: 'federation' }),
        },
        settings,
      )
    : undefined
  const advertiser = createAdvertiser({ network, offer, load, onLoadChange: () => routing?.part.localChanged() })
  return {
    member,
    peerApp,
    lending,
    // Whoever uses this node's memory hears first, and goes on elsewhere.
    draining: { start: drain.start, stop: async () => void (await Promise.all([lending.lender.stop(), drain.stop()])) },
    responsesEvents: survival.responsesEvents,
    apiDeps: {
      ...(routing === undefined ? {} : { ...routing.deps, router: survival.around(routing.part), drain }),
      p2p: { ...composePeerToPeer(member, self), workers: lending.seen },
    },
    parts: [
      closing(member),
      digests,
      { start: peerApp.start, stop: async () => {} },
      ...lending.ground,
      network,
      ...survival.parts,
      ...lending.parts,
      ...(routing === undefined ? [] : [routing.part]),
      advertiser,
    ],
  }
}

function nodeOffer(deps: MembershipDeps, settings: RunSettings) {
  const { inference, loader, state, digests, speeds } = deps
  return toNodeOffer({
    version: version(),
    group: settings.p2pNetworkId,
    serves: settings.federated,
    draining: false,
    device: deviceOf(state.backends(), process.platform),
    backends: state.backends(),
    slots: slotsOf(deps, settings),
    models: inference.registry.list(),
    loaded: loader.loaded(),
    digestOf: (file) => digests.of(file),
    engine: state.engine()?.name,
    speedOf: (model) => speeds.of(model),
  })
}

/** Answers that this node gives at the same time, on its own and through the servers behind it. */
function slotsOf({ upstreams }: Pick<MembershipDeps, 'upstreams'>, { parallel }: RunSettings): number {
  return parallel + (upstreams?.slots() ?? 0)
}

function isElsewhere(network: Pick<Network, 'peers'>, model: string): boolean {
  return network.peers().some(({ record }) => record.offer.models.some(({ name }) => name === model))
}

function toLocalNode(
  deps: MembershipDeps & { readonly drain: Pick<Drain, 'draining'>; readonly network: Pick<Network, 'peers'> },
  settings: RunSettings,
): LocalNode {
  const { loader, speeds, digests, network, upstreams } = deps
  const { registry } = deps.inference
  return {
    get slots() {
      return slotsOf(deps, settings)
    },
    busy: () => requestsAt(loader.loaded()),
    models: () => registry.list().map(({ id }) => id),
    figures(model) {
      const config = model === undefined ? undefined : registry.find(model)
      if (config === undefined) return undefined
      const digest = digests.of(config.modelFile)
      const server = config.attached === undefined ? {} : { upstream: config.attached }
      return {
        ...speeds.of(config.name),
        ...server,
        ...(digest === undefined ? {} : { fileSizeBytes: digest.sizeBytes }),
      }
    },
    likeness(model) {
      const config = model === undefined ? undefined : registry.find(model)
      if (config === undefined) return undefined
      return likeness(config, { digestOf: digests.of, engine: deps.state.engine()?.name }).likeness
    },
    serves(model, capability) {
      if (deps.drain.draining) return false
      const config = model === undefined ? undefined : registry.find(model)
      // Where nobody else has it, this node says best why there is no answer.
      if (config?.attached !== undefined)
        return upstreams?.serves(config.name) === true || !isElsewhere(network, config.name)
      if (model !== undefined) return config !== undefined
      return registry.list().some(({ config }) => config.knownUseCases.includes(capability))
    },
    loaded(model) {
      const name = registry.find(model)?.name
      return loader.loaded().some(({ id, phase }) => id === name && phase === 'ready')
    },
  }
}
