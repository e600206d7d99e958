import type { ListedModel } from '../models/model-registry.ts'
import { toModelConfig } from '../models/to-model-config.ts'
import type { Target } from './choose-target.ts'
import type { Upstream } from './create-upstream.ts'

/** A model under one of its names, and the servers that have it under that name. */
export interface NamedModel {
  readonly listed: ListedModel
  readonly targets: readonly Target[]
}

/** Backend of all attached models, as lists and logs show it. */
const BACKEND = 'upstream'
/** Of the names of servers that have a model: enough to find them by. */
const LONGEST_SERVERS = 200

/**
 * The models of all servers by every name that a request may use: `NAME/model`, which is one server's, and the model's own
 * name, which is everybody's who has it. What is of a server that does not answer now keeps its names.
 */
export function nameModels(upstreams: readonly Upstream[]): ReadonlyMap<string, NamedModel> {
  const targets = new Map<string, Target[]>()
  for (const upstream of upstreams) {
    for (const model of upstream.findings?.models ?? [])
      targets.set(`${upstream.name}/${model.id}`, [{ upstream, model }])
  }
  for (const [target] of [...targets.values()]) {
    const id = target?.model?.id
    if (target === undefined || id === undefined) continue
    const others = targets.get(id)
    // A server may call a model as another one's prefix and model together.
    if (others === undefined) targets.set(id, [target])
    else if (!others.includes(target)) others.push(target)
  }
  return new Map([...targets].map(([name, places]) => [name, toNamed(name, places)]))
}

/** A name below a server that was never reached: what is asked for may be there. */
export function unknownModel(name: string, upstream: Upstream): NamedModel {
  return toNamed(name, [{ upstream, model: undefined }])
}

function toNamed(name: string, targets: readonly Target[]): NamedModel {
  const models = targets.flatMap(({ model }) => model ?? [])
  const [first] = models
  const sizes = models.flatMap(({ contextSize }) => contextSize ?? [])
  const servers = targets.map(({ upstream }) => upstream.name).join(', ')
  const config = toModelConfig({ backend: BACKEND }, { name, modelFile: '' }, {})
  const created = Math.max(0, ...models.map((model) => model.created ?? 0))
  return {
    targets,
    listed: {
      id: name,
      created,
      config: {
        ...config,
        attached: servers.slice(0, LONGEST_SERVERS),
        description: `served by ${targets.length > 1 ? 'the upstreams' : 'the upstream'} ${servers}`,
        parameters: { model: first?.id ?? name },
        knownUseCases: [...new Set(models.flatMap(({ capabilities }) => capabilities))],
        // A request may come to any of them.
        ...(sizes.length === 0 ? {} : { contextSize: Math.min(...sizes) }),
      },
    },
  }
}
