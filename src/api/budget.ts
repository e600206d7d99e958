/** Something of which there is only so much for all, and for each source of requests. */
export interface Budget {
  /** Undefined: that much is not left. Nothing is held then. */
  take(source: string, amount: number): Holding | undefined
}

/** What one taker has. */
export interface Holding {
  /** Gives back what is over `amount`. */
  shrinkTo(amount: number): void
  /** Gives back the rest; further calls do nothing. */
  release(): void
}

export interface BudgetInit {
  readonly total: number
  /** Default: no bound of its own. */
  readonly perSource?: number | undefined
}

export function createBudget({ total, perSource = Number.POSITIVE_INFINITY }: BudgetInit): Budget {
  /** Only sources that hold something, so that it does not grow with all that were ever seen. */
  const ofSources = new Map<string, number>()
  let taken = 0

  function change(source: string, by: number): void {
    taken += by
    const left = (ofSources.get(source) ?? 0) + by
    if (left > 0) ofSources.set(source, left)
    else ofSources.delete(source)
  }

  return {
    take(source, amount) {
      if (taken + amount > total || (ofSources.get(source) ?? 0) + amount > perSource) return undefined
      change(source, amount)
      let held = amount
      function shrinkTo(wanted: number): void {
        if (wanted >= held) return
        change(source, wanted - held)
        held = wanted
      }
      return { shrinkTo, release: () => shrinkTo(0) }
    },
  }
}
