/** A model of `/v1/models`. */
export interface NamedModel {
  readonly id: string
  readonly description?: string
  /** Names of the nodes that have it. */
  readonly nodes?: readonly string[]
  /** `chat`, `embeddings` and so on, where it is known. */
  readonly capabilities?: readonly string[]
}
