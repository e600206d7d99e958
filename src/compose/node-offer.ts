import { freemem, totalmem } from 'node:os'
import type { LoadedModel } from '../backends/model-lease.ts'
import type { FileDigest } from '../models/file-digests.ts'
import { likenessOf } from '../models/likeness.ts'
import type { ModelConfig } from '../models/model-config.ts'
import type { ListedModel } from '../models/model-registry.ts'
import type { ModelAdvert, NodeLoad, NodeOffer } from '../p2p/membership/node-record.ts'
import type { ModelSpeed } from '../telemetry/speed-meter.ts'
import { versionWithCommit } from './version.ts'

export interface NodeFacts {
  readonly version: string
  readonly group: string
  readonly serves: boolean
  readonly draining: boolean
  readonly device: string
  readonly backends: readonly string[]
  /** Answers that one loaded model generates at the same time. */
  readonly slots: number
  readonly models: readonly ListedModel[]
  readonly loaded: readonly LoadedModel[]
  readonly digestOf: (file: string) => FileDigest | undefined
  readonly speedOf: (model: string) => ModelSpeed
  /** Which engine runs the models; undefined until it is chosen. */
  readonly engine: string | undefined
}

/** What this node tells the network about itself. A node that serves nobody tells of no models. */
export function toNodeOffer(facts: NodeFacts): NodeOffer {
  const { version, group, serves, draining, device, slots } = facts
  return {
    version,
    group,
    serves,
    models: serves ? facts.models.map((model) => toModelAdvert(model, facts)) : [],
    backends: serves ? facts.backends : [],
    slots: serves ? slots : 0,
    memoryTotalBytes: totalmem(),
    device,
    draining,
  }
}

function toModelAdvert({ id, config, created, demonstration }: ListedModel, facts: NodeFacts): ModelAdvert {
  const digest = facts.digestOf(config.modelFile)
  const speed = facts.speedOf(config.name)
  const description = demonstration ?? config.description
  return {
    name: id,
    loaded: facts.loaded.some((model) => model.id === config.name && model.phase === 'ready'),
    capabilities: config.knownUseCases,
    created,
    ...(config.contextSize === undefined ? {} : { contextSize: config.contextSize }),
    ...(digest === undefined ? {} : { fileSizeBytes: digest.sizeBytes, fileHash: digest.sha256 }),
    ...likeness(config, facts),
    ...(description === undefined || description === '' ? {} : { description: description.slice(0, 200) }),
    ...(config.attached === undefined ? {} : { upstream: config.attached }),
    ...inSteps(speed),
  }
}

interface KnownLikeness {
  readonly of: string
  readonly likeness: string
}

/** Asked for with every request and five times a second; a configuration that changes is another object. */
const LIKENESSES = new WeakMap<ModelConfig, KnownLikeness>()

/** Of the code that runs: what the folder holds later is another matter. */
const BUILD = versionWithCommit()

/** Known once the file has been read and the engine is chosen. */
export function likeness(
  config: ModelConfig,
  { digestOf, engine }: Pick<NodeFacts, 'digestOf' | 'engine'>,
): Pick<ModelAdvert, 'likeness'> {
  const fileHash = digestOf(config.modelFile)?.sha256
  if (fileHash === undefined || engine === undefined) return {}
  const of = `${fileHash} ${engine}`
  const known = LIKENESSES.get(config)
  if (known?.of === of) return { likeness: known.likeness }
  const found = likenessOf(config, { fileHash, engine, version: BUILD })
  LIKENESSES.set(config, { of, likeness: found })
  return { likeness: found }
}

/** In steps of a fifth, which are enough to choose by: a record must not change with every request. */
function inSteps(speed: ModelSpeed): Partial<ModelAdvert> {
  const step = (value: number): number => Number((1.2 ** Math.round(Math.log(value) / Math.log(1.2))).toPrecision(2))
  return Object.fromEntries(Object.entries(speed).map(([name, value]) => [name, step(Number(value))]))
}

/** Every lease is a request; beyond a model's slots they wait inside its backend. */
export function toNodeLoad(loaded: readonly LoadedModel[], slots: number): NodeLoad {
  const running = loaded.reduce((sum, { inFlight }) => sum + Math.min(inFlight, slots), 0)
  return { running, queued: requestsAt(loaded) - running, memoryFreeBytes: Math.round(freemem() / 2 ** 24) * 2 ** 24 }
}

/** All requests that models here have, running or waiting. */
export function requestsAt(loaded: readonly LoadedModel[]): number {
  return loaded.reduce((sum, { inFlight }) => sum + inFlight, 0)
}

/** What the node computes on, as far as its backends tell: an accelerator's backend is named after it. */
export function deviceOf(backends: readonly string[], platform: NodeJS.Platform): string {
  const accelerated = backends.map((name) => /-(cuda|vulkan|rocm|hip|sycl|metal)\b/.exec(name)?.[1]).find(Boolean)
  return accelerated ?? (platform === 'darwin' ? 'metal' : 'cpu')
}
