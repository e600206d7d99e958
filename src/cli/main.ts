import { Command, CommanderError } from 'commander'
import { AppError } from '../base/errors.ts'
import { globalSettings } from '../config/settings.ts'
import { backendsCommand } from './commands/backends.ts'
import { federatedCommand } from './commands/federated.ts'
import { modelsCommand } from './commands/models.ts'
import { p2pCommand } from './commands/p2p/p2p.ts'
import { runCommand } from './commands/run.ts'
import { addSettings, booleanFlags, normalizeArguments } from './options.ts'
import { addCommand } from './program.ts'
import { USAGE_EXIT_CODE, usageMessage } from './usage-error.ts'

const program = new Command('local-ai')
  .description('Serves language models over an OpenAI-compatible API, on one machine or on many.')
  .helpCommand(false)
  .exitOverride()
  .configureOutput({ outputError: () => {} })
addSettings(program, globalSettings)

addCommand(program, runCommand)
addCommand(program, federatedCommand)
for (const group of [modelsCommand, backendsCommand, p2pCommand]) program.addCommand(group())
program.addHelpText('after', '\nWithout a command, local-ai runs the node: `local-ai` is `local-ai run`.')

try {
  for (const command of withDescendants(program)) command.exitOverride().configureOutput({ outputError: () => {} })
  await program.parseAsync(normalizeArguments(process.argv.slice(2), booleanFlags(program)), { from: 'user' })
} catch (error) {
  process.exitCode = report(error)
}

function withDescendants(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withDescendants)]
}

/** Says what went wrong in one line on stderr (the causes are in the debug log) and gives the exit status. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0
    const flags = withDescendants(program).flatMap((command) => command.options.map((option) => option.long ?? ''))
    console.error(`local-ai: error: ${usageMessage(error, [...new Set(flags)])}`)
    console.error('Run "local-ai --help" for the commands, "local-ai COMMAND --help" for their flags.')
    return USAGE_EXIT_CODE
  }
  const failure = AppError.from(error, 'internal')
  console.error(`local-ai: error: ${failure.message}`)
  if (failure.code === 'internal' && error instanceof Error) console.error(error.stack)
  return failure.code === 'config.invalid' ? USAGE_EXIT_CODE : 1
}
