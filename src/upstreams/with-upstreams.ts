import type { ConfigurableLoader } from '../backends/model-loader.ts'
import type { ModelConfig } from '../models/model-config.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { UseCase } from '../models/use-cases.ts'
import type { Upstreams } from './create-upstreams.ts'

/** The node's own models first: an attached one never takes the name of one that is here. */
export function registryWithUpstreams<Registry extends ModelRegistry>(
  registry: Registry,
  upstreams: Upstreams | undefined,
): Registry {
  if (upstreams === undefined) return registry
  return {
    ...registry,
    list() {
      const attached = upstreams.list().filter(({ id }) => registry.find(id) === undefined)
      return attached.length === 0 ? registry.list() : [...registry.list(), ...attached]
    },
    find: (name) => registry.find(name) ?? upstreams.find(name),
    fallback(useCase) {
      const own = registry.fallback(useCase)
      // What only demonstrates that the node works gives way to anything that is of use.
      return own !== undefined && !isDemonstration(registry, own) ? own : (attachedFor(upstreams, useCase) ?? own)
    },
  }
}

function isDemonstration(registry: ModelRegistry, own: ModelConfig): boolean {
  return registry.list().some(({ config, demonstration }) => config === own && demonstration !== undefined)
}

function attachedFor(upstreams: Upstreams, useCase: UseCase): ModelConfig | undefined {
  return upstreams.list().find(({ config }) => config.knownUseCases.includes(useCase))?.config
}

/** Attached models need no loading, and nothing can be unloaded of them. */
export function loaderWithUpstreams(loader: ConfigurableLoader, upstreams: Upstreams | undefined): ConfigurableLoader {
  if (upstreams === undefined) return loader
  return {
    start: (options) => loader.start(options),
    stop: () => loader.stop(),
    configure: (limits) => loader.configure(limits),
    unload: (model, options) => loader.unload(model, options),
    async acquire(config, options = {}) {
      if (config.attached === undefined) return await loader.acquire(config, options)
      options.signal?.throwIfAborted()
      return upstreams.lease(config, options.aside === true)
    },
    loaded: () => [...loader.loaded(), ...upstreams.loaded()],
  }
}
