import { Command } from 'commander'
import type { Logger } from '../compose/compose-log.ts'
import { createLog } from '../compose/compose-log.ts'
import { type EnvironmentFiles, processEnvironment } from '../config/env.ts'
import { resolveSettings, type Table, type Values } from '../config/setting.ts'
import { type GlobalSettings, globalSettings } from '../config/settings.ts'
import { addSettings, givenBy } from './options.ts'

/** What every command gets: its own settings, the log, and the environment (for what has no flag, such as HF_TOKEN). */
export interface CommandContext<T extends Table> {
  readonly settings: Values<T>
  readonly log: Logger
  readonly environment: EnvironmentFiles
  readonly arguments: readonly string[]
}

export interface CommandDefinition<T extends Table> {
  readonly name: string
  /** Shown behind the name: `[MODEL...]`. */
  readonly argument?: string
  readonly argumentHelp?: string
  readonly summary: string
  readonly examples: readonly (readonly [command: string, what: string])[]
  readonly settings: T
  readonly isDefault?: boolean
  readonly aliases?: readonly string[]
  run(context: CommandContext<T>): Promise<void>
}

/** Registers a command: its options from the table, its examples below its help, its action resolving the settings. */
export function addCommand<T extends Table>(parent: Command, definition: CommandDefinition<T>): Command {
  const command = new Command(definition.name).summary(definition.summary).description(definition.summary)
  if (definition.argument !== undefined) command.argument(definition.argument, definition.argumentHelp)
  command.allowExcessArguments(false)
  addSettings(command, definition.settings)
  const width = Math.max(...definition.examples.map(([line]) => line.length))
  const examples = definition.examples.map(([line, what]) => `  ${line.padEnd(width)}   ${what}`)
  if (examples.length > 0) command.addHelpText('after', `\nExamples:\n${examples.join('\n')}`)
  command.action(async (...received: unknown[]) => {
    // commander gives the arguments first, then the options, then the command itself.
    const words = received
      .slice(0, -2)
      .flat()
      .filter((word): word is string => typeof word === 'string')
    const environment = processEnvironment()
    const globals = resolveSettings(globalSettings, givenBy(command, globalSettings), environment.variables)
    const settings = resolveSettings(definition.settings, givenBy(command, definition.settings), environment.variables)
    const log = createLog({ level: levelOf(globals), format: globals.logFormat })
    for (const problem of environment.problems) log.error({ room: 'config' }, problem)
    await definition.run({ settings, log, environment, arguments: words })
  })
  parent.addCommand(command, { isDefault: definition.isDefault === true })
  return command
}

function levelOf(globals: GlobalSettings): NonNullable<GlobalSettings['logLevel']> {
  return globals.logLevel ?? (globals.debug ? 'debug' : 'info')
}
