/** What somebody wants of a total that all share, and gives back when they like. */
export interface Claim {
  readonly total: number
  /** What all have together, this one included. */
  readonly taken: number
  /** What this one has. */
  readonly own: number
  readonly amount: number
}

/**
 * Nobody may have more than is then left for the others: one alone gets half of the total, the next one at least a quarter,
 * several that take by turns get the same each, and whoever comes then finds room (Choudhury and Hahne, Dynamic queue
 * length thresholds, 1998). Who has nothing may begin while anything is left. `over-share`: others would get it. Pure.
 */
export function judgeClaim({ total, taken, own, amount }: Claim): 'granted' | 'over-share' | 'full' {
  const left = total - taken - amount
  if (left < 0) return 'full'
  return own === 0 || own + amount <= left ? 'granted' : 'over-share'
}

/**
 * Of what can be let go, whose goes first: that of whoever has the most, what has to stay included, and of equals that of
 * whoever comes first. Somebody of whom everything has to stay is passed over; undefined when there is nobody else. Pure.
 */
export function holdsMost<Owner>(
  things: Iterable<{ readonly owner: Owner; readonly amount: number; readonly mayGo: boolean }>,
): Owner | undefined {
  const amounts = new Map<Owner, number>()
  const able = new Set<Owner>()
  for (const { owner, amount, mayGo } of things) {
    amounts.set(owner, (amounts.get(owner) ?? 0) + amount)
    if (mayGo) able.add(owner)
  }
  let most: { readonly owner: Owner; readonly amount: number } | undefined
  for (const [owner, amount] of amounts) {
    if (able.has(owner) && (most === undefined || amount > most.amount)) most = { owner, amount }
  }
  return most?.owner
}
