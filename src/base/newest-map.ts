/** A map of at most so many entries, in the order in which they were last set: of more, the one set longest ago goes. */
export class NewestMap<Key, Value> extends Map<Key, Value> {
  readonly #most: number

  constructor(most: number) {
    super()
    this.#most = most
  }

  override set(key: Key, value: Value): this {
    this.delete(key)
    super.set(key, value)
    if (this.size > this.#most) this.delete(this.keys().next().value as Key)
    return this
  }
}

/** A set of the same kind, by when a value was last added. */
export class NewestSet<Value> extends Set<Value> {
  readonly #most: number

  constructor(most: number) {
    super()
    this.#most = most
  }

  override add(value: Value): this {
    this.delete(value)
    super.add(value)
    if (this.size > this.#most) this.delete(this.values().next().value as Value)
    return this
  }
}
