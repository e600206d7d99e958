/** Cosine of the angle between two vectors: 1 for the same direction, 0 where one has no length. */
export function cosine(left: readonly number[], right: readonly number[]): number {
  let product = 0
  let leftSquared = 0
  let rightSquared = 0
  for (const [index, value] of left.entries()) {
    const other = right[index] ?? 0
    product += value * other
    leftSquared += value * value
    rightSquared += other * other
  }
  const lengths = Math.sqrt(leftSquared * rightSquared)
  return lengths === 0 ? 0 : product / lengths
}
