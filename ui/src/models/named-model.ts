/** A model of `/v1/models`. */
export interface NamedModel {
  readonly id: string
  readonly description?: string
  /** Names of the nodes that have it. */
  readonly nodes?: readonly string[]
  /** `chat`, `embeddings` and so on, where it is known. */
  readonly capabilities?: readonly string[]
}

/** What a page asks of a model. */
export type Capability = 'chat' | 'completion' | 'embeddings'

/** Whether it is for this. One of which nothing is known, such as that of a server that was never reached, may be. */
export function isFor(capability: Capability, { capabilities = [] }: NamedModel): boolean {
  return capabilities.length === 0 || capabilities.includes(capability)
}

/** The first model that is for this, those of which it is known before others; empty when there is none. */
export function firstFor(capability: Capability, models: readonly NamedModel[]): string {
  const fitting = models.filter((model) => isFor(capability, model))
  return (fitting.find(({ capabilities = [] }) => capabilities.length > 0) ?? fitting[0])?.id ?? ''
}
