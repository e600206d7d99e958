import { AppError } from '../../base/errors.ts'
import { nameOf, renderHelp, terminalWidth } from '../help.ts'
import { type CommandNode, toPrinter } from '../program.ts'
import { nearest, shownWord, withSuggestion } from '../usage-error.ts'

export const helpCommand = toPrinter({
  name: 'help',
  argument: '[COMMAND...]',
  argumentHelp: 'the words of a command',
  summary: 'Show the help of a command',
  examples: [['local-ai help models install', 'the same as local-ai models install --help']],
  async print(words, program) {
    process.stdout.write(renderHelp(findCommand(words, program), terminalWidth()))
  },
})

function findCommand(words: readonly string[], program: CommandNode): readonly CommandNode[] {
  const path = [program]
  for (const word of words) {
    const { commands } = path.at(-1) ?? program
    const next = commands.find(({ name }) => name === word)
    if (next === undefined) {
      const known = commands.filter(({ hidden }) => !hidden).map(({ name }) => name)
      const complaint = `${nameOf(path)} has no command ${shownWord(word)}`
      throw new AppError('config.invalid', withSuggestion(complaint, nearest(word, known)))
    }
    if (next.absent !== undefined) throw new AppError('config.invalid', next.absent)
    path.push(next)
  }
  return path
}
