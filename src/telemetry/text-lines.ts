import { styleText } from 'node:util'
import { isObject } from '../base/json.ts'
import { levelOf } from './log-history.ts'

export interface TextLinesInit {
  /** For a terminal. */
  readonly colours: boolean
}

const COLOURS = {
  fatal: 'redBright',
  error: 'red',
  warn: 'yellow',
  info: 'green',
  debug: 'blue',
  trace: 'gray',
} as const
const INDENT = '    '

/**
 * Lines of the log for people, made of lines as pino writes them: `[09:30:01.250] INFO: [api] answered {"id":"x"}`, and below
 * it, indented, an error's stack. What a message or a stack holds cannot act on a terminal or pass for another line.
 * HOT PATH: one for each request (bench/request-parts.ts).
 */
export function createTextLines({ colours }: TextLinesInit): (line: string) => string {
  const paint = (colour: Parameters<typeof styleText>[0], text: string): string =>
    colours ? styleText(colour, text, { validateStream: false }) : text
  const timeOf = createTimes()
  return (line) => {
    const entry = parse(line)
    if (entry === undefined) return `${escaped(line.trimEnd())}\n`
    const { level, time, room, msg, err, ...fields } = entry
    const name = levelOf(Number(level))
    const from = typeof room === 'string' ? `[${room}] ` : ''
    const message = paint('cyan', escaped(`${from}${typeof msg === 'string' ? msg : ''}`))
    const rest = Object.keys(fields).length === 0 ? '' : ` ${inLine(fields)}`
    const label = paint(COLOURS[name], name.toUpperCase())
    return `[${timeOf(Number(time))}] ${label}: ${message}${rest}\n${err === undefined ? '' : errorLines(err)}`
  }
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The stack says type and message; what else the error tells follows in one line. */
function errorLines(error: unknown): string {
  if (!isObject(error)) return `${INDENT}${inLine(error)}\n`
  const { type: _type, message, stack, ...more } = error
  const text = String(typeof stack === 'string' && stack !== '' ? stack : (message ?? 'an error without words'))
  const lines = text.split('\n').map((each) => `${INDENT}${escaped(each)}\n`)
  return lines.join('') + (Object.keys(more).length === 0 ? '' : `${INDENT}${inLine(more)}\n`)
}

/** JSON leaves the upper control characters as they are. */
function inLine(value: unknown): string {
  return escaped(JSON.stringify(value))
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

function escaped(text: string): string {
  return text.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Local time of the day; all lines of one second share most of it. */
function createTimes(): (unixMs: number) => string {
  let second = Number.NaN
  let text = ''
  return (unixMs) => {
    const of = Math.floor(unixMs / 1000)
    if (of !== second) {
      const date = new Date(unixMs)
      const parts = [date.getHours(), date.getMinutes(), date.getSeconds()]
      text = parts.map((part) => String(part).padStart(2, '0')).join(':')
      second = of
    }
    return `${text}.${String(Math.floor(unixMs) - of * 1000).padStart(3, '0')}`
  }
}
