/** Completes the sentence "the regular expression … ". */
export class PatternFault extends Error {
  override readonly name = 'PatternFault'
}
