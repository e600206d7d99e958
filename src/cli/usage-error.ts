import type { CommanderError } from 'commander'
import { closest, distance } from 'fastest-levenshtein'

/** The exit status of every mistake on the command line, as in LocalAI. */
export const USAGE_EXIT_CODE = 80

/** A known word that is probably meant: a third of its letters differ at most, or two of them have changed places. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const candidate = closest(word, known)
  const swapped = [...word].sort().join() === [...candidate].sort().join()
  const near = distance(word, candidate) <= Math.max(swapped ? 2 : 1, Math.floor(candidate.length / 3))
  return near ? candidate : undefined
}

/** The sentence for a parse error of commander's, in the words LocalAI uses. */
export function usageMessage(error: CommanderError, knownFlags: readonly string[]): string {
  const said = error.message.replace(/^error: /, '')
  switch (error.code) {
    case 'commander.unknownOption': {
      const flag = /'([^'=]+)/.exec(said)?.[1] ?? said
      return withSuggestion(`unknown flag ${flag}`, nearest(flag, knownFlags))
    }
    case 'commander.excessArguments':
      return said.replace(/^too many arguments.*$/s, 'unexpected argument')
    case 'commander.optionMissingArgument': {
      const flag = /(--[a-z0-9-]+)/.exec(said)?.[1] ?? said
      return `${flag}: missing value`
    }
    case 'commander.missingArgument':
      return `expected "<${/'([^']+)'/.exec(said)?.[1]?.toLowerCase() ?? 'argument'}>"`
    default:
      return said.split('\n')[0] ?? said
  }
}

export function withSuggestion(sentence: string, suggestion: string | undefined): string {
  return suggestion === undefined ? sentence : `${sentence}, did you mean "${suggestion}"?`
}
