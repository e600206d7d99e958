const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['day', DAY_MS],
  ['hour', HOUR_MS],
  ['minute', MINUTE_MS],
]

/** `3 minutes ago`, `just now`, `never`. */
export function ago(unixMs: number | undefined, nowUnixMs: number): string {
  if (unixMs === undefined) return 'never'
  const passed = nowUnixMs - unixMs
  const [unit, ms] = UNITS.find(([, length]) => passed >= length) ?? []
  return unit === undefined || ms === undefined ? 'just now' : `${count(Math.floor(passed / ms), unit)} ago`
}

/** `1 node`, `2 nodes`. */
export function count(number: number, unit: string): string {
  return `${number.toLocaleString('en')} ${unit}${number === 1 ? '' : 's'}`
}

/** A number and its sign stay on one line. */
const THIN_SPACE = '\u202f'

/** Never 100 % for what was not always there, nor 0 % for what was. */
export function percent(share: number | undefined): string {
  if (share === undefined) return '–'
  const rounded = Math.round(share * 1000) / 10
  if (share < 1 && rounded === 100) return `99.9${THIN_SPACE}%`
  if (share > 0 && rounded === 0) return `0.1${THIN_SPACE}%`
  return `${rounded}${THIN_SPACE}%`
}

export function bytes(number: number): string {
  const gibibytes = number / 2 ** 30
  return gibibytes >= 10 ? `${Math.round(gibibytes)} GiB` : `${Math.round(gibibytes * 10) / 10} GiB`
}
