import { createEntryServer } from '../api/entry-server.ts'
import { AppError } from '../base/errors.ts'
import { lifecycle, type Startable } from '../base/lifecycle.ts'
import type { Environment } from '../config/setting.ts'
import type { FederatedSettings } from '../config/settings.ts'
import type { LogHistory } from '../telemetry/log-history.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createLoopWatch } from '../telemetry/loop-watch.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { createAdvertiser } from './advertise.ts'
import { announceNode } from './announce-node.ts'
import { apiInit } from './api-init.ts'
import { closing } from './closing.ts'
import { composeAccess, type OnSetupCode } from './compose-access.ts'
import { type Member, prepareMember } from './compose-member.ts'
import { composeRouting } from './compose-routing.ts'
import { composeSeries } from './compose-series.ts'
import { composeSurvival } from './compose-survival.ts'
import { composeTracing } from './compose-tracing.ts'
import { createDrain } from './create-drain.ts'
import { toNodeLoad, toNodeOffer } from './node-offer.ts'
import { programWords } from './program-words.ts'
import { version } from './version.ts'

export interface FederatedContext {
  readonly log: Logger
  readonly environment: Environment
  /** Shown to the entry's owner. Absent: the log is seen where it is written, and nowhere else. */
  readonly logHistory?: LogHistory
  /** Called when there are accounts and no admin yet. */
  readonly onSetupCode?: OnSetupCode
}

/** `federated`: an entry to the network, without models. The list at the end is the order of starting. */
export async function composeFederated(
  settings: FederatedSettings,
  { log, environment, logHistory, onSetupCode }: FederatedContext,
): Promise<Startable & AsyncDisposable> {
  checkSharing(settings)
  const series = composeSeries()
  const metrics = series.watch(createMetrics({ log: log.child({ room: 'api' }) }))
  // Nobody is served here: a member that asks is cut off.
  const member: Member = await prepareMember({ log, accept: (socket) => socket.destroy(), mayFound: false }, settings)
  const { network } = member
  const tracing = await composeTracing({ log }, settings)
  const drain = createDrain({
    log: log.child({ room: 'node' }),
    running: () => api.onTheWay(),
    changed() {
      advertiser.look()
      api.reviewSharedAddress()
    },
  })
  const offer = () => entryOffer(settings, drain.draining)
  const load = () => toNodeLoad([], 0)
  const routing = composeRouting(
    {
      member,
      local: { serves: () => false, loaded: () => false, slots: 0 },
      self: () => ({ offer: offer(), load: load() }),
      log: log.child({ room: 'federation' }),
      ...{ metrics, tracing },
    },
    settings,
  )
  const advertiser = createAdvertiser({ network, offer, load })
  const survival = composeSurvival({ network, log: log.child({ room: 'federation' }) }, settings)
  const lag = createLoopWatch({ log: log.child({ room: 'node' }) }, { limitMs: settings.shedLagMs })
  const access = await composeAccess(settings, { log, onSetupCode })
  const api = createEntryServer(
    {
      ...routing.deps,
      router: survival.around(routing.part),
      access: access.deps,
      metrics,
      ...{ series, logHistory, drain, lag },
      tracing,
      log: log.child({ room: 'api' }),
    },
    {
      ...apiInit(settings, network.name),
      program: programWords(environment),
      sharedAddress: settings.sharedAddress,
    },
  )
  network.onChange(() => api.reviewSharedAddress())
  return lifecycle([
    closing(member),
    ...(tracing === undefined ? [] : [tracing]),
    series,
    network,
    ...survival.parts,
    routing.part,
    advertiser,
    access.part,
    lag,
    api,
    announceNode({ log, api, member }),
    drain,
  ])
}

/** Each entry has users of its own, and a client cannot choose which entry it comes to. */
function checkSharing({ sharedAddress, accounts }: FederatedSettings): void {
  if (sharedAddress === undefined || !accounts) return
  throw new AppError(
    'config.invalid',
    '--shared-address and --auth-enabled do not go together: entries do not share accounts; give keys with --api-keys',
  )
}

function entryOffer({ p2pNetworkId }: FederatedSettings, draining: boolean) {
  return toNodeOffer({
    version: version(),
    group: p2pNetworkId,
    serves: false,
    draining,
    device: 'none',
    backends: [],
    slots: 0,
    models: [],
    loaded: [],
    digestOf: () => undefined,
    speedOf: () => ({}),
    engine: undefined,
  })
}
