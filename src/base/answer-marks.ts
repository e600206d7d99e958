/**
 * What stands between the tokens that a node tells of its answer: records with these ids, where a model's own begin at 0. In
 * the place of log probabilities they have what is said here.
 */
export const ANSWER_MARKS = {
  /** The tokens that follow are of this generation of several: its number in four bytes, big-endian. */
  tokensOf: -1,
  /** The next event is of this generation of several: its number in four bytes. */
  eventOf: -2,
  /** Before all tokens: tools are run on the way, which must not run twice. Nothing. */
  runsTools: -3,
  /** The tools that the model has called are run now: how many, in four bytes. */
  callsBegin: -4,
  /** What one of them gave, in the order of the calls: a byte that is 1 when it failed, then its text in UTF-8. */
  toolResult: -5,
} as const
