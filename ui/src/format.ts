/** `1.5 GB`: powers of 1000, as memory and files are sold. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

export function formatMs(ms: number): string {
  if (ms < 0.05) return '0 ms'
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`
}

/** `14:03:22`, and the day before it when that is not today. */
export function formatTime(unixMs: number, now = Date.now()): string {
  const time = new Date(unixMs)
  const clock = time.toLocaleTimeString(undefined, { hour12: false })
  return new Date(now).toDateString() === time.toDateString() ? clock : `${time.toLocaleDateString()} ${clock}`
}

export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
