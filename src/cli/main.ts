import { AppError } from '../base/errors.ts'
import { program } from './commands.ts'
import { guardOutput } from './guard-output.ts'
import { renderHelp, terminalWidth, usageLine } from './help.ts'
import { asksForHelp, parseWords, type Selection, select } from './parse.ts'
import { USAGE_EXIT_CODE } from './usage-error.ts'

const { path, words } = select(program, process.argv.slice(2))

guardOutput((error) => {
  process.exitCode = report(error)
})
try {
  await obey(path, words)
} catch (error) {
  process.exitCode = report(error)
}

async function obey(path: Selection['path'], words: readonly string[]): Promise<void> {
  const command = path.at(-1) ?? program
  if (command.absent !== undefined) throw new AppError('config.invalid', command.absent)
  if (asksForHelp(command, words)) {
    process.stdout.write(renderHelp(path, terminalWidth()))
    return
  }
  const said = parseWords(command, words)
  await command.run?.({ program, ...said })
}

/** Says what went wrong in one line on stderr (the causes are in the debug log) and gives the exit status. */
function report(error: unknown): number {
  const failure = AppError.from(error, 'internal')
  const isUsage = failure.code === 'config.invalid'
  if (isUsage) process.stdout.write(`${usageLine(path)}\n`)
  console.error(`local-ai: error: ${failure.message}`)
  if (isUsage && path.at(-1)?.absent === undefined)
    console.error(`Run "${path.map(({ name }) => name).join(' ')} --help" for more.`)
  if (failure.code === 'internal' && error instanceof Error) console.error(error.stack)
  return isUsage ? USAGE_EXIT_CODE : 1
}
