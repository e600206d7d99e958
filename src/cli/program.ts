import type { Logger, LogHistory } from '../compose/compose-log.ts'
import { type EnvironmentFiles, processEnvironment } from '../config/env.ts'
import { explicitSettings, resolveSettings, settingRemarks } from '../config/resolve-settings.ts'
import type { Completion, Given, Table, Values } from '../config/setting.ts'
import { type GlobalSettings, globalSettings } from '../config/settings.ts'

/** What every command gets: its own settings, the log, and the environment (for what has no flag, such as HF_TOKEN). */
export interface CommandContext<T extends Table> {
  readonly settings: Values<T>
  /** The settings that a flag or a variable has set; the others have their defaults. */
  readonly explicit: ReadonlySet<string>
  readonly log: Logger
  /** What the log has said lately. */
  readonly logHistory: LogHistory
  readonly environment: EnvironmentFiles
  readonly arguments: readonly string[]
  /** The whole command line. */
  readonly program: CommandNode
}

interface CommandShape {
  readonly name: string
  /** Shown behind the name: `<MODEL...>`, `[MODEL...]`, `<BACKEND> [NAME]`. */
  readonly argument?: string
  readonly argumentHelp?: string
  /** The only words that the argument may be. */
  readonly argumentChoices?: readonly string[]
  readonly argumentCompletes?: Completion
  readonly summary: string
  /** Printed below the flags. */
  readonly notes?: string
  readonly examples: readonly (readonly [command: string, what: string])[]
  /** Meant for programs: neither help nor completion shows it. */
  readonly hidden?: boolean
}

export interface CommandDefinition<T extends Table> extends CommandShape {
  readonly settings: T
  readonly isDefault?: boolean
  /** For a command whose own answer and errors say enough. */
  readonly quiet?: boolean
  run(context: CommandContext<T>): Promise<void>
}

/** A command that only prints what is known without settings and log: it starts as quickly as the help does. */
export interface PrinterDefinition extends CommandShape {
  print(words: readonly string[], program: CommandNode): Promise<void>
}

/** One word of the command line, and what may follow it. Parser, help, completion and reference all read this. */
export interface CommandNode {
  readonly name: string
  readonly summary: string
  readonly notes: string | undefined
  readonly arguments: readonly Argument[]
  readonly argumentHelp: string | undefined
  readonly examples: readonly (readonly [command: string, what: string])[]
  readonly settings: Table
  /** What its group does when no command is named. */
  readonly isDefault: boolean
  readonly hidden: boolean
  readonly commands: readonly CommandNode[]
  /** A command that LocalAI has and this program has not: the sentence that says so. */
  readonly absent?: string
  /** A group has none. */
  readonly run?: (invocation: Invocation) => Promise<void>
}

export interface Argument {
  readonly name: string
  readonly required: boolean
  readonly repeats: boolean
  readonly choices: readonly string[] | undefined
  readonly completes: Completion | undefined
}

/** What the command line said: the texts of each flag, and the words that are no flags. */
export interface Invocation {
  readonly program: CommandNode
  readonly texts: ReadonlyMap<string, readonly string[]>
  readonly words: readonly string[]
}

export function toCommand<T extends Table>(definition: CommandDefinition<T>): CommandNode {
  return {
    ...toNode(definition),
    settings: definition.settings,
    isDefault: definition.isDefault === true,
    async run({ program, texts, words }) {
      const environment = processEnvironment()
      const { variables } = environment
      const all = { ...globalSettings, ...definition.settings }
      const given = givenBy(texts, all)
      const globals = resolveSettings(globalSettings, given, variables)
      const settings = resolveSettings(definition.settings, given, variables)
      // Loaded here and not above: help and completion have no use for it.
      const { createLog } = await import('../compose/compose-log.ts')
      const { log, history: logHistory } = createLog({
        level: levelOf(globals, definition.quiet === true ? 'error' : 'info'),
        format: globals.logFormat,
      })
      for (const problem of environment.problems) log.error({ room: 'config' }, problem)
      for (const { level, message } of settingRemarks(all, given, variables)) log[level]({ room: 'config' }, message)
      const explicit = explicitSettings(all, given, variables)
      await definition.run({ settings, explicit, log, logHistory, environment, arguments: words, program })
    },
  }
}

export function toPrinter(definition: PrinterDefinition): CommandNode {
  return {
    ...toNode(definition),
    run: async ({ words, program }) => await definition.print(words, program),
  }
}

/** A word that only leads to other commands. */
export function toGroup(group: Pick<CommandNode, 'name' | 'summary' | 'commands'>): CommandNode {
  return { ...toNode({ ...group, examples: [] }), commands: group.commands }
}

/** A command of LocalAI that is known and not here. */
export function toAbsent(name: string, sentence: string): CommandNode {
  return { ...toNode({ name, summary: sentence, examples: [], hidden: true }), absent: sentence }
}

function toNode(shape: CommandShape): Omit<CommandNode, 'run' | 'absent'> {
  return {
    name: shape.name,
    summary: shape.summary,
    notes: shape.notes,
    arguments: toArguments(shape),
    argumentHelp: shape.argumentHelp,
    examples: shape.examples,
    settings: {},
    isDefault: false,
    hidden: shape.hidden === true,
    commands: [],
  }
}

function toArguments({ argument = '', argumentChoices, argumentCompletes }: CommandShape): readonly Argument[] {
  return argument
    .split(' ')
    .filter((word) => word !== '')
    .map((word, index) => ({
      name: word.replace(/^[<[]|(\.\.\.)?[>\]]$/g, '').toLowerCase(),
      required: word.startsWith('<'),
      repeats: word.includes('...'),
      choices: index === 0 ? argumentChoices : undefined,
      completes: index === 0 ? argumentCompletes : undefined,
    }))
}

/** The texts of a table's rows; every spelling of a flag fills the same row. */
export function givenBy(texts: ReadonlyMap<string, readonly string[]>, table: Table): Given {
  const entries = Object.entries(table).map(([name, row]) => {
    const said = row.flags.flatMap((flag) => texts.get(flag) ?? [])
    return [name, said.length > 0 ? said : undefined]
  })
  return Object.fromEntries(entries) as Given
}

type Level = NonNullable<GlobalSettings['logLevel']>

function levelOf(globals: GlobalSettings, usual: Level): Level {
  return globals.logLevel ?? (globals.debug ? 'debug' : usual)
}
