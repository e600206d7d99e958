import type { GrammarRules } from './gbnf.ts'

/** A string format as a grammar: narrower than its specification, so that all it lets through is right. */
interface StringFormat {
  readonly shortest: number
  readonly longest: number
  body(rules: GrammarRules): string
}

const dateFormat: StringFormat = {
  shortest: 10,
  longest: 10,
  body(rules) {
    const day = (last: string): string => `( "0" [1-9] | "1" [0-9] | ${last} )`
    const long = `( "01" | "03" | "05" | "07" | "08" | "10" | "12" ) "-" ${day('"2" [0-9] | "3" [01]')}`
    const short = `( "04" | "06" | "09" | "11" ) "-" ${day('"2" [0-9] | "30"')}`
    const february = `"02-" ${day('"2" [0-8]')}`
    return `[0-9]{4} "-" ${rules.rule('month-and-day', `${long} | ${short} | ${february}`)}`
  },
}

const timeFormat: StringFormat = {
  shortest: 9,
  longest: 21,
  body(rules) {
    const hour = rules.rule('hour', '[01] [0-9] | "2" [0-3]')
    const zone = rules.rule('zone', `"Z" | [+\\-] ${hour} ":" [0-5] [0-9]`)
    return `${hour} ":" [0-5] [0-9] ":" [0-5] [0-9] ( "." [0-9]{1,6} )? ${zone}`
  },
}

const hostname = (rules: GrammarRules): string => {
  const label = rules.rule('label', '[a-z0-9]{1,12} ( "-" [a-z0-9]{1,12} ){0,2}')
  return rules.rule('hostname', `${label} ( "." ${label} ){0,3}`)
}

const octet = '"25" [0-5] | "2" [0-4] [0-9] | "1" [0-9]{2} | [1-9] [0-9] | [0-9]'

const formats: ReadonlyMap<string, StringFormat> = new Map<string, StringFormat>([
  ['date', dateFormat],
  ['time', timeFormat],
  [
    'date-time',
    {
      shortest: 20,
      longest: 32,
      body: (rules) =>
        `${rules.rule('date', dateFormat.body(rules))} "T" ${rules.rule('time', timeFormat.body(rules))}`,
    },
  ],
  [
    'uuid',
    {
      shortest: 36,
      longest: 36,
      body: () => '[0-9a-f]{8} "-" [0-9a-f]{4} "-" [1-5] [0-9a-f]{3} "-" [89ab] [0-9a-f]{3} "-" [0-9a-f]{12}',
    },
  ],
  [
    'email',
    {
      shortest: 6,
      longest: 216,
      body: (rules) => `[a-z0-9] [a-z0-9_+]{0,24} ( "." [a-z0-9_+]{1,12} ){0,2} "@" ${hostname(rules)} "." [a-z]{2,8}`,
    },
  ],
  ['hostname', { shortest: 1, longest: 155, body: hostname }],
  [
    'ipv4',
    {
      shortest: 7,
      longest: 15,
      body: (rules) => rules.rule('octet', octet).concat(` ( "." ${rules.rule('octet', octet)} ){3}`),
    },
  ],
  [
    'uri',
    {
      shortest: 8,
      longest: 407,
      body: (rules) => `( "https" | "http" ) "://" ${hostname(rules)} ( "/" [A-Za-z0-9_.~\\-]{0,60} ){0,4}`,
    },
  ],
])

export interface FormatRule {
  /** Matches the text between the quotes. */
  readonly name: string
  readonly shortest: number
  readonly longest: number
}

/** Undefined for a format that is no more than an annotation, as JSON schema sees formats. */
export function formatRule(rules: GrammarRules, format: string): FormatRule | undefined {
  const found = formats.get(format)
  if (found === undefined) return undefined
  return { name: rules.rule(format, found.body(rules)), shortest: found.shortest, longest: found.longest }
}
