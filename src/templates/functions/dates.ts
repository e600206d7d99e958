import { TemplateFault } from '../fault.ts'
import type { Value } from '../value.ts'
import { define, type FunctionContext, type FunctionTable, text } from './template-function.ts'

/** Sprig's dates (https://masterminds.github.io/sprig/date.html), in the layouts of Go's `time` package. */
export const dates: FunctionTable = {
  now: define(0, (_given, { now }) => now()),
  date: define(2, ([layout, value], context) => formatDate(moment(value, context), text(layout), undefined)),
  dateInZone: define(3, ([layout, value, zone], context) =>
    formatDate(moment(value, context), text(layout), text(zone)),
  ),
  date_in_zone: define(3, ([layout, value, zone], context) =>
    formatDate(moment(value, context), text(layout), text(zone)),
  ),
  htmlDate: define(1, ([value], context) => formatDate(moment(value, context), '2006-01-02', undefined)),
  unixEpoch: define(1, ([value], context) => String(Math.floor(moment(value, context).getTime() / 1000))),
}

/** A date, or Unix seconds; anything else is now. */
function moment(value: Value | undefined, { now }: FunctionContext): Date {
  if (value instanceof Date) return value
  return typeof value === 'number' && Math.abs(value) < 8.64e12 ? new Date(value * 1000) : now()
}

interface DateParts {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly weekday: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** Minutes east of Greenwich. */
  readonly offset: number
  readonly zone: string
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ')
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')

/** The longest first, so that none is read as the beginning of another. */
const LAYOUT = /January|Monday|2006|Jan|Mon|MST|-07:00|Z07:00|-0700|01|02|03|04|05|06|15|PM|pm|_2|1|2|3|4|5/g

function formatDate(date: Date, layout: string, zone: string | undefined): string {
  const parts = partsOf(date, zone)
  const twelve = parts.hour % 12 === 0 ? 12 : parts.hour % 12
  const two = (value: number): string => String(value).padStart(2, '0')
  const written: Readonly<Record<string, string>> = {
    January: MONTHS[parts.month - 1] ?? '',
    Jan: (MONTHS[parts.month - 1] ?? '').slice(0, 3),
    Monday: DAYS[parts.weekday] ?? '',
    Mon: (DAYS[parts.weekday] ?? '').slice(0, 3),
    2006: String(parts.year).padStart(4, '0'),
    '06': two(parts.year % 100),
    '01': two(parts.month),
    1: String(parts.month),
    '02': two(parts.day),
    2: String(parts.day),
    _2: String(parts.day).padStart(2, ' '),
    15: two(parts.hour),
    '03': two(twelve),
    3: String(twelve),
    '04': two(parts.minute),
    4: String(parts.minute),
    '05': two(parts.second),
    5: String(parts.second),
    PM: parts.hour < 12 ? 'AM' : 'PM',
    pm: parts.hour < 12 ? 'am' : 'pm',
    MST: parts.zone,
    '-0700': offsetText(parts.offset, ''),
    '-07:00': offsetText(parts.offset, ':'),
    'Z07:00': parts.offset === 0 ? 'Z' : offsetText(parts.offset, ':'),
  }
  return layout.replace(LAYOUT, (word) => written[word] ?? word)
}

function offsetText(minutes: number, separator: string): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
  return `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}${separator}${String(rest).padStart(2, '0')}`
}

function partsOf(date: Date, zone: string | undefined): DateParts {
  const shown = parser(zone).formatToParts(date)
  const part = (type: Intl.DateTimeFormatPartTypes): string => shown.find((each) => each.type === type)?.value ?? ''
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (
    ['year', 'month', 'day', 'hour', 'minute', 'second'] as const
  ).map((type) => Number(part(type)))
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second)
  return {
    year,
    month,
    day,
    weekday: new Date(asUtc).getUTCDay(),
    hour,
    minute,
    second,
    offset: Math.round((asUtc - Math.floor(date.getTime() / 1000) * 1000) / 60_000),
    zone: part('timeZoneName'),
  }
}

function parser(zone: string | undefined): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
      timeZoneName: 'short',
      ...(zone === undefined || zone === 'Local' ? {} : { timeZone: zone === '' ? 'UTC' : zone }),
    })
  } catch (error) {
    throw new TemplateFault(`unknown time zone ${JSON.stringify(zone)}: ${String(error)}`)
  }
}
