/** A map of at most so many entries, in the order in which they were last set: of more, the one set longest ago goes. */
export class NewestMap<Key, Value> extends Map<Key, Value> {
  readonly #most: number
  #newest: Key | undefined

  constructor(most: number) {
    super()
    this.#most = most
  }

  override set(key: Key, value: Value): this {
    // Where it is already, it need not be moved: a small map is made anew with every key that is deleted.
    if (key !== this.#newest) this.delete(key)
    this.#newest = key
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
