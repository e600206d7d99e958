/** What the node says of itself; src/compose knows. */
export interface NodeState {
  /** Names of the backends that this node can start or reach. */
  backends(): readonly string[]
  /** Which engine runs the models, and why that one. Undefined until it is chosen. */
  engine(): { readonly name: string; readonly reason: string } | undefined
  /** Why the node is not ready yet; undefined when it is. */
  startingBecause(): string | undefined
}
