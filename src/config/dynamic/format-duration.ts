const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const

/** The text that the `duration` kind reads as so many milliseconds: `1h30m`, `500ms`, `0`. */
export function formatDuration(milliseconds: number): string {
  const parts: string[] = []
  let rest = Math.round(milliseconds)
  for (const [unit, unitMs] of UNITS) {
    const amount = Math.floor(rest / unitMs)
    rest -= amount * unitMs
    if (amount > 0) parts.push(`${amount}${unit}`)
  }
  return parts.join('') || '0'
}
