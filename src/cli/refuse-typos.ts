import { existsSync } from 'node:fs'
import { AppError } from '../base/errors.ts'
import { nearest, shownWord, withSuggestion } from './usage-error.ts'

export interface KnownWords {
  readonly commands: readonly string[]
  /** Asked only when there is a word that may be a mistake. */
  readonly models: () => Promise<readonly string[]>
}

/** A word that is neither a model nor anything like a URI is a mistake: starting a server would hide it. */
export async function refuseTypos(words: readonly string[], { commands, models }: KnownWords): Promise<void> {
  const doubtful = words.filter((word) => !/[/:.@\\]/.test(word) && !existsSync(word))
  const command = doubtful.find((word) => commands.includes(word))
  if (command !== undefined) {
    const sentence = `a command stands before its flags, as in "local-ai ${command} --help"`
    throw new AppError('config.invalid', `unexpected argument ${command}: ${sentence}`)
  }
  if (doubtful.length === 0) return
  const known = await models()
  const folded = new Set(known.map((model) => model.toLowerCase()))
  const word = doubtful.find((candidate) => !folded.has(candidate.toLowerCase()))
  if (word === undefined) return
  const complaint = `unexpected argument ${shownWord(word)}: it is neither a command nor a model of the gallery`
  throw new AppError('config.invalid', withSuggestion(complaint, nearest(word.toLowerCase(), [...commands, ...known])))
}
