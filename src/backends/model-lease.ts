import type { AbortOptions } from '../base/signals.ts'
import type { ModelConfig } from '../models/model-config.ts'
import type { BackendClient } from './backend-client.ts'

/** A loaded model, held for the length of one request. Dispose it when the request ends, however it ends. */
export interface ModelLease extends Disposable {
  readonly client: BackendClient
  /** The backend's name as asked for, e.g. `llama-cpp`. */
  readonly backend: string
}

export interface AcquireOptions extends AbortOptions {
  /** Only looks at the model: neither waits in its line nor counts as one of its requests or as a use. */
  readonly aside?: boolean
}

/** What inference and the API need of src/backends. */
export interface ModelLoader {
  /**
   * Gives a ready client for the model, loading it first when nobody has: one load however many wait.
   * A caller whose signal aborts stops waiting; the load goes on while anyone else waits, and is aborted when nobody does.
   * A model whose config has changed is loaded anew after its running requests; who comes meanwhile waits for that.
   * Rejects with `model.loading` when the load takes longer than a request may wait, while it goes on for the next one, and
   * with `model.busy` when the model has as many requests as its config allows.
   */
  acquire(config: ModelConfig, options?: AcquireOptions): Promise<ModelLease>
  /** Models in memory, by config name. */
  loaded(): readonly LoadedModel[]
  /** Stops the model's process after its running requests, at once with `force`. False when it was not loaded. */
  unload(model: string, options?: AbortOptions & { readonly force?: boolean }): Promise<boolean>
}

export interface LoadedModel {
  readonly id: string
  readonly backend: string
  readonly phase: 'starting' | 'ready' | 'stopping' | 'failed'
  readonly inFlight: number
  readonly pid?: number
}
