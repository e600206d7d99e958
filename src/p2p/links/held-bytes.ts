/** A socket as the memory budget sees it. */
export interface Holding {
  readonly heldBytes: number
}

/**
 * Whom to reset so that what the others hold fits into the budget: the newest first, but only such as hold more than an
 * equal share of it, so that quiet neighbours of a greedy stream live on. It always suffices: when all of those are gone,
 * the rest holds at most its share each. Pure.
 */
export function overBudget<T extends Holding>(oldestFirst: readonly T[], budgetBytes: number): readonly T[] {
  const holdings = oldestFirst.map((socket) => ({ socket, bytes: socket.heldBytes }))
  const shareBytes = budgetBytes / holdings.length
  let held = holdings.reduce((sum, { bytes }) => sum + bytes, 0)
  const victims: T[] = []
  for (const { socket, bytes } of holdings.toReversed()) {
    if (held <= budgetBytes) break
    if (bytes <= shareBytes) continue
    victims.push(socket)
    held -= bytes
  }
  return victims
}
