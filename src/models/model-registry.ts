import type { ModelConfig } from './model-config.ts'
import type { UseCase } from './use-cases.ts'

export interface ListedModel {
  readonly id: string
  readonly config: ModelConfig
  /** Unix seconds: when its file was last changed. */
  readonly created: number
  /** What of the models folder it is made of, and can be changed or removed with; absent: nothing there. */
  readonly source?: 'configuration' | 'file'
  /** Set for a model that only demonstrates that the node works; says what it can do, in a sentence. */
  readonly demonstration?: string
}

/**
 * Which models this node can serve: YAML configs first, then bare `.gguf` files that no config uses, then the node's own.
 * Every answer is from the last complete reading of the models folder, which is read again when it changes.
 */
export interface ModelRegistry {
  list(): readonly ListedModel[]
  /**
   * By name; a `.gguf` file also by its name without the ending, and by the config that uses it. Also finds files that
   * are not listed because they are broken, so that loading them can say why. Undefined when there is none.
   */
  find(name: string): ModelConfig | undefined
  /** The model to use when a request names none: the default model if it has the use case, else the first that has. */
  fallback(useCase: UseCase): ModelConfig | undefined
  /** Reads the models folder again. */
  reload(): Promise<void>
}
