import { type ParseArgsConfig, parseArgs } from 'node:util'
import { AppError } from '../base/errors.ts'
import type { Setting } from '../config/setting.ts'
import { globalSettings } from '../config/settings.ts'
import type { Argument, CommandNode, Invocation } from './program.ts'
import { nearest, shownWord, withSuggestion } from './usage-error.ts'

/** The command that the words name, from the program downwards, and the words that are left for it. */
export interface Selection {
  readonly path: readonly [CommandNode, ...CommandNode[]]
  readonly words: readonly string[]
}

/**
 * Walks down from the program: the first word that is no flag (nor the value of one) names the next command. Where it
 * names none, or another flag than those of the group stands before it, the group's default command is meant.
 */
export function select(program: CommandNode, words: readonly string[]): Selection {
  let path: Selection['path'] = [program]
  let rest = words
  for (;;) {
    const group = path.at(-1) ?? program
    const known = flagsOf(group)
    const token = tokenize(group, rest).find(
      (word) => word.kind !== 'option' || !(word.name === 'help' || known.has(spelling(word))),
    )
    const named = token?.kind === 'positional' ? group.commands.find(({ name }) => name === token.value) : undefined
    const next = named ?? group.commands.find((command) => command.isDefault)
    if (next === undefined || (named === undefined && asksForHelp(group, rest))) return { path, words: rest }
    // What the default command has no use for was meant as another one; its flags are those of that command.
    if (named === undefined && token?.kind === 'positional' && next.arguments.length === 0) {
      return { path, words: [token.value] }
    }
    if (named !== undefined && token !== undefined) rest = rest.toSpliced(token.index, 1)
    path = [...path, next]
  }
}

/** Whether `-h` or `--help` stands among the flags. */
export function asksForHelp(command: CommandNode, words: readonly string[]): boolean {
  return tokenize(command, words).some((token) => token.kind === 'option' && token.name === 'help')
}

/** The words as flags and arguments of the command. Throws `config.invalid` in LocalAI's words. */
export function parseWords(command: CommandNode, words: readonly string[]): Omit<Invocation, 'program'> {
  const known = flagsOf(command)
  const texts = new Map<string, readonly string[]>()
  const positionals: string[] = []
  for (const token of tokenize(command, words)) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const flag = spelling(token)
    const row = known.get(flag)
    if (row === undefined) {
      throw invalid(withSuggestion(`unknown flag ${token.rawName}`, nearest(token.rawName, visibleFlags(command))))
    }
    texts.set(flag, [...(texts.get(flag) ?? []), textOf(token, row)])
  }
  checkArguments(command, positionals)
  return { texts, words: positionals }
}

type Token = ReturnType<typeof tokenize>[number]
type OptionToken = Extract<Token, { kind: 'option' }>

function tokenize(command: CommandNode, words: readonly string[]) {
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', short: 'h' } }
  for (const { flags, short, kind } of rowsOf(command)) {
    const type = kind.placeholder === undefined ? 'boolean' : 'string'
    for (const [index, flag] of flags.entries()) {
      options[flag.slice(2)] = { type, ...(index === 0 && short !== undefined ? { short: short.slice(1) } : {}) }
    }
  }
  return parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true }).tokens
}

/** `-t` and `--threads` are the same flag; a long flag of one letter is none. */
function spelling({ name, rawName }: OptionToken): string {
  return rawName.startsWith('--') ? rawName : `--${name}`
}

function rowsOf(command: CommandNode): readonly Setting<unknown>[] {
  return [...Object.values(globalSettings), ...Object.values(command.settings)]
}

function flagsOf(command: CommandNode): ReadonlyMap<string, Setting<unknown>> {
  return new Map(rowsOf(command).flatMap((row) => row.flags.map((flag) => [flag, row] as const)))
}

function visibleFlags(command: CommandNode): readonly string[] {
  const shown = rowsOf(command).filter((row) => row.hidden !== true)
  return ['--help', ...shown.flatMap((row) => row.flags)]
}

function textOf(token: OptionToken, row: Setting<unknown>): string {
  const { placeholder, repeats } = row.kind
  if (placeholder === undefined) return token.value ?? 'true'
  // A word that looks like a flag is one: only `--flag=-value` gives such a value.
  const isFlag = token.inlineValue !== true && token.value !== undefined && /^-./.test(token.value)
  if (token.value !== undefined && !isFlag) return token.value
  const [flag] = row.flags
  if (repeats === true) throw invalid(`${flag}: missing value, expecting "<arg>,..."`)
  const type = placeholder === 'INT' ? 'int' : 'string'
  throw invalid(
    `${flag}: expected ${type} value but got ${isFlag && row.secret !== true ? describeFlag(token.value) : '"EOL" (<EOL>)'}`,
  )
}

function describeFlag(word: string): string {
  return `"${word.split('=')[0]}" (${word.startsWith('--') ? 'long' : 'short'} flag)`
}

function checkArguments(command: CommandNode, words: readonly string[]): void {
  if (command.run === undefined) throw invalid(groupComplaint(command, words[0]))
  const expected = command.arguments
  const missing = expected.slice(words.length).filter(({ required }) => required)
  if (missing.length > 0) throw invalid(`expected "${missing.map(showArgument).join(' ')}"`)
  const superfluous = words[expected.length]
  if (superfluous !== undefined && expected.at(-1)?.repeats !== true) {
    throw invalid(`unexpected argument ${shownWord(superfluous)}`)
  }
  for (const [index, { name, choices }] of expected.entries()) {
    const word = words[index]
    if (word === undefined || choices === undefined || choices.includes(word)) continue
    throw invalid(
      `<${name}> must be one of ${choices.map((choice) => `"${choice}"`).join(',')} but got "${shownWord(word)}"`,
    )
  }
}

function groupComplaint({ commands }: CommandNode, word: string | undefined): string {
  const names = commands.filter(({ hidden }) => !hidden).map(({ name }) => name)
  if (word !== undefined) return withSuggestion(`unexpected argument ${shownWord(word)}`, nearest(word, names))
  const quoted = names.map((name) => `"${name}"`).join(', ')
  return names.length === 1 ? `expected ${quoted}` : `expected one of ${quoted}`
}

/** `<text> ...`, `[<name>]`. */
export function showArgument({ name, required, repeats }: Argument): string {
  const shown = `<${name}>${repeats ? ' ...' : ''}`
  return required ? shown : `[${shown}]`
}

function invalid(sentence: string): AppError {
  return new AppError('config.invalid', sentence)
}
