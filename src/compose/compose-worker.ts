import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { lifecycle, type Startable } from '../base/lifecycle.ts'
import type { WorkerSettings } from '../config/worker-settings.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import type { LendingRules } from '../workers/lease/lending-offer.ts'
import { parseLlamaArgs, splitLlamaArgs } from '../workers/lease/llama-args.ts'
import { createOwnWorkers } from '../workers/lease/own-workers.ts'
import { createRunnerSource } from '../workers/lease/runner-source.ts'
import type { WorkerSource } from '../workers/lease/worker-source.ts'
import { probeServer, type ServerAddress } from '../workers/program/external-worker.ts'
import { createAdvertiser } from './advertise.ts'
import { closing } from './closing.ts'
import { composeLending } from './compose-lending.ts'
import { type Member, prepareMember } from './compose-member.ts'
import { createLlamaRpcSetup } from './llama-rpc.ts'
import { deviceOf, toNodeLoad, toNodeOffer } from './node-offer.ts'
import { version } from './version.ts'

const DEFAULT_RUNNER = { host: '127.0.0.1', port: 50_052 }
const WEIGHTS_FOLDER = 'weights'

/** `worker p2p-llama-cpp-rpc`: a member that serves no requests and lends its memory. The list is the order of starting. */
export async function composeWorker(
  settings: WorkerSettings,
  { log }: { readonly log: Logger },
): Promise<Startable & AsyncDisposable> {
  const rules = rulesOf(settings)
  const runner = runnerOf(settings)
  const member = await joinNetwork(settings, { log, accept: (socket) => lending.app.accept(socket) })
  const { network } = member
  const metrics = createMetrics({ log: log.child({ room: 'workers' }) }, { processMetrics: false })
  const onChange = (): void => advertiser.look()
  const lending = composeLending(
    {
      ...{ log, network, metrics, onChange },
      rules: () => rules,
      source: sourceOf(settings, { log, runner, threads: rules.threads, onChange }),
    },
    {
      group: settings.p2pNetworkId,
      weights: { folder: join(settings.dataPath, WEIGHTS_FOLDER), maxBytes: settings.weightsCacheSize },
      rpcServers: [],
    },
  )
  const advertiser = createAdvertiser({
    network,
    offer: () => ({ ...workerOffer(settings), ...lending.offered() }),
    load: () => toNodeLoad([], 0),
  })
  return lifecycle([
    closing(member),
    ...lending.ground,
    network,
    ...lending.parts,
    advertiser,
    {
      async start() {
        const { name, peerId, networkId, addresses } = network.status()
        log.info({ node: name, peerId, network: networkId, addresses }, 'the worker has joined the network')
      },
      stop: async () => {},
    },
  ])
}

async function joinNetwork(
  settings: WorkerSettings,
  deps: Pick<Parameters<typeof prepareMember>[0], 'log' | 'accept'>,
): Promise<Member> {
  try {
    return await prepareMember(
      { ...deps, mayFound: false },
      { ...settings, p2pToken: settings.token ?? settings.p2pToken },
    )
  } catch (thrown) {
    const error = AppError.from(thrown, 'internal')
    // LocalAI's words, and what to do about it.
    if (!error.message.startsWith('no token was given')) throw thrown
    throw new AppError(error.code, `Token is required: ${error.message}`, { cause: thrown })
  }
}

/** What was set for the worker, or in the words of llama.cpp's own server. Throws `config.invalid`. */
function rulesOf({ lendMemory, lendThreads, lendTo, llamaCppArgs }: WorkerSettings): LendingRules {
  const { threads, memoryBytes, host, port } = parseLlamaArgs(splitLlamaArgs(llamaCppArgs))
  if (host !== undefined || port !== undefined) {
    const message = '--llama-cpp-args: this worker listens nowhere, so it has no use for a host or a port'
    throw new AppError('config.invalid', message)
  }
  return {
    enabled: true,
    memoryBytes: lendMemory ?? memoryBytes,
    threads: lendThreads ?? threads ?? availableParallelism(),
    to: lendTo,
  }
}

/** Undefined: our own worker. Throws `config.invalid`. */
function runnerOf({ noRunner, runnerAddress, runnerPort }: WorkerSettings): ServerAddress | undefined {
  if (noRunner) return { host: runnerAddress ?? DEFAULT_RUNNER.host, port: runnerPort ?? DEFAULT_RUNNER.port }
  if (runnerAddress === undefined && runnerPort === undefined) return undefined
  const message = '--runner-address and --runner-port name a server that runs already: add --no-runner to lend that one'
  throw new AppError('config.invalid', message)
}

function sourceOf(
  { cachePath }: WorkerSettings,
  deps: {
    readonly log: Logger
    readonly runner: ServerAddress | undefined
    readonly threads: number
    readonly onChange: () => void
  },
): WorkerSource {
  const { runner, threads, onChange } = deps
  const log = deps.log.child({ room: 'workers' })
  if (runner !== undefined) return createRunnerSource({ log, probe: probeServer, onChange }, runner)
  const setup = createLlamaRpcSetup({ log }, { cachePath })
  return createOwnWorkers({ log, setup, onChange }, { threads: () => threads })
}

function workerOffer({ p2pNetworkId }: WorkerSettings) {
  return toNodeOffer({
    version: version(),
    group: p2pNetworkId,
    serves: false,
    draining: false,
    device: deviceOf([], process.platform),
    backends: [],
    slots: 0,
    models: [],
    loaded: [],
    digestOf: () => undefined,
    speedOf: () => ({}),
    engine: undefined,
  })
}
