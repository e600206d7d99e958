import type { Completion, Setting } from '../../config/setting.ts'
import { globalSettings } from '../../config/settings.ts'
import type { CommandNode } from '../program.ts'

/** What a shell may offer as a value. `any`: there is a value, but nothing to offer. */
export type Offer =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'path' }
  | { readonly kind: 'names'; readonly of: Exclude<Completion, 'path'> }
  | { readonly kind: 'any' }

export interface CompletedFlag {
  readonly long: string
  readonly short: string | undefined
  /** Other spellings: not offered, but known when they are used. */
  readonly aliases: readonly string[]
  readonly help: string
  /** Absent: the flag needs no value. */
  readonly value: Offer | undefined
  readonly repeats: boolean
  readonly global: boolean
}

/** A command as a shell completes it. */
export interface CompletedCommand {
  /** The words behind the program's name; empty for the program itself. */
  readonly path: readonly string[]
  readonly summary: string
  readonly commands: readonly Pick<CommandNode, 'name' | 'summary'>[]
  /** The command that is meant when a word names none. */
  readonly fallback: string | undefined
  readonly flags: readonly CompletedFlag[]
  readonly arguments: readonly Offer[]
  readonly lastArgumentRepeats: boolean
}

/**
 * The flags that have a value, as patterns of `COMMAND:FLAG` for a shell, grouped by what `textOf` makes of the value. A
 * flag that means the same in every command that has it needs no command.
 */
export function valuePatterns(
  commands: readonly CompletedCommand[],
  textOf: (offer: Offer) => string,
): readonly (readonly [text: string, patterns: readonly string[]])[] {
  const uses = commands.flatMap(({ path, flags }) =>
    flags.flatMap((flag) => {
      const text = flag.value === undefined ? undefined : textOf(flag.value)
      return spellings(flag).map((spelling) => ({ spelling, where: path.join(' '), text }))
    }),
  )
  const patterns = new Map<string, Set<string>>()
  for (const [spelling, same] of Map.groupBy(uses, (use) => use.spelling)) {
    const everywhere = new Set(same.map(({ text }) => text)).size === 1
    for (const { where, text } of same) {
      if (text === undefined) continue
      const found = patterns.get(text) ?? new Set()
      patterns.set(text, found.add(everywhere ? `*:${spelling}` : `'${where}':${spelling}`))
    }
  }
  return [...patterns].map(([text, found]) => [text, [...found]])
}

/** Every way to write a flag. */
function spellings({ long, short, aliases }: CompletedFlag): readonly string[] {
  return [long, ...(short === undefined ? [] : [short]), ...aliases]
}

const HELP: CompletedFlag = {
  long: '--help',
  short: '-h',
  aliases: [],
  help: 'Show the help of a command',
  value: undefined,
  repeats: false,
  global: true,
}

/** The program and all commands below it, without what is hidden. */
export function completedCommands(program: CommandNode): readonly CompletedCommand[] {
  return below(program, [])
}

function below(command: CommandNode, path: readonly string[]): readonly CompletedCommand[] {
  const shown = command.commands.filter(({ hidden }) => !hidden)
  const fallback = shown.find(({ isDefault }) => isDefault)
  // A group takes the flags and arguments of its default command.
  const effective = fallback ?? command
  const own = Object.values(effective.settings).map((row) => toFlag(row, false))
  const global = Object.values(globalSettings).map((row) => toFlag(row, true))
  const completed: CompletedCommand = {
    path,
    summary: command.summary,
    commands: shown,
    fallback: fallback?.name,
    flags: [...own, ...global].filter((flag) => flag !== undefined).concat(HELP),
    arguments: effective.arguments.map(({ choices, completes }) => toOffer(choices, completes)),
    lastArgumentRepeats: effective.arguments.at(-1)?.repeats === true,
  }
  return [completed, ...shown.flatMap((child) => below(child, [...path, child.name]))]
}

function toFlag(row: Setting<unknown>, global: boolean): CompletedFlag | undefined {
  if (row.hidden === true) return undefined
  const { kind } = row
  return {
    long: row.flags[0],
    short: row.short,
    aliases: row.flags.slice(1),
    help: row.help,
    value: kind.placeholder === undefined ? undefined : toOffer(kind.choices, row.completes ?? kind.completes),
    repeats: kind.repeats === true,
    global,
  }
}

function toOffer(words: readonly string[] | undefined, completes: Completion | undefined): Offer {
  if (words !== undefined) return { kind: 'words', words }
  if (completes === undefined) return { kind: 'any' }
  return completes === 'path' ? { kind: 'path' } : { kind: 'names', of: completes }
}
