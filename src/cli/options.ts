import { type Command, Option } from 'commander'
import type { Given, Setting, Table } from '../config/setting.ts'

/** Placeholder of the flags that need no value: `--flag`, `--flag=false`. */
const BOOL = 'BOOL'

/** Adds a table's rows to a command, grouped for its help. */
export function addSettings(command: Command, table: Table): void {
  for (const row of Object.values(table)) {
    for (const [index, flag] of row.flags.entries()) command.addOption(toOption(row, flag, index > 0))
  }
}

function toOption(row: Setting<unknown>, flag: string, alias: boolean): Option {
  const value = row.kind.placeholder === undefined ? ` [${BOOL}]` : ` <${row.kind.placeholder}>`
  const short = row.short !== undefined && !alias ? `${row.short}, ` : ''
  const option = new Option(`${short}${flag}${value}`, describe(row))
  option.argParser((text: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), text])
  option.helpGroup(`${row.group}:`)
  if (alias || row.hidden === true) option.hideHelp()
  return option
}

function describe(row: Setting<unknown>): string {
  const fallback = row.fallbackText ?? (typeof row.fallback === 'function' ? undefined : row.fallback)
  const shown = fallback === undefined || fallback === '' || fallback === false ? '' : ` (default: ${String(fallback)})`
  const variables = row.env.length === 0 ? '' : ` [$${row.env.join(', $')}]`
  return `${row.help}${shown}${variables}`
}

/** What the command line said of the rows of a table. Commander has it under the camel-cased long flag. */
export function givenBy(command: Command, table: Table): Given {
  const options: Record<string, unknown> = command.optsWithGlobals()
  const entries = Object.entries(table).map(([name, row]) => {
    const texts = row.flags.flatMap((flag) => (options[toAttribute(flag)] as readonly string[] | undefined) ?? [])
    return [name, texts.length > 0 ? texts : undefined]
  })
  return Object.fromEntries(entries) as Given
}

function toAttribute(flag: string): string {
  return new Option(flag).attributeName()
}

/** The boolean flags of a command and of all below it. */
export function booleanFlags(command: Command): string[] {
  const own = command.options.filter((option) => option.flags.endsWith(`[${BOOL}]`)).map((option) => option.long ?? '')
  return [...own, ...command.commands.flatMap(booleanFlags)]
}

/**
 * Gives every bare boolean flag its `=true`, so that `--f16 model.gguf` does not take the model for the flag's value.
 * What stands after `--` is left alone.
 */
export function normalizeArguments(words: readonly string[], flags: readonly string[]): string[] {
  const bare = new Set(flags)
  const end = words.indexOf('--')
  return words.map((word, index) => (bare.has(word) && (end === -1 || index < end) ? `${word}=true` : word))
}
