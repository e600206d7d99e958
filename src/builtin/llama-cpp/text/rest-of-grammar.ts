import { AppError } from '../../../base/errors.ts'
import { advanceGbnf } from '../../../grammar/advance-gbnf.ts'

/**
 * The grammar for what follows on the text of an answer that is resumed: engines begin a grammar at its root. Throws
 * `request.unsupported` when there is none.
 */
export function restOfGrammar(grammar: string, text: string): string {
  const rest = text === '' ? grammar : advanceGbnf(grammar, text)
  if (rest !== undefined) return rest
  throw new AppError(
    'request.unsupported',
    'the answer cannot be continued: its text so far does not follow the grammar',
  )
}
