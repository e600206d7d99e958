import type { Answer, Reading } from './chaos-answer.ts'
import { quote } from './chaos-events.ts'

/**
 * What is wrong with one answer. `refused` is no damage: the network said in time that it takes nothing more.
 * `lost` was accepted, and never came to its end.
 */
export type Damage = 'refused' | 'lost' | 'duplicated' | 'missing' | 'wrong' | 'malformed' | 'finish' | 'usage' | 'late'

export interface Verdict {
  readonly damage: Damage
  readonly detail: string
}

/** What a client heard, as far as it matters here. */
export interface Outcome {
  /** 0: no answer began. */
  readonly status: number
  readonly text: string
  /** False: the connection broke, or the client's patience ended. */
  readonly isEnded: boolean
  readonly problem: string | undefined
  readonly totalMs: number
}

export interface Expected {
  readonly answer: Answer
  readonly lateMs: number
  readonly read: (text: string) => Reading
}

/** Empty for an answer that says what the undisturbed one said, by the rules of its dialect and in time. */
export function judge(outcome: Outcome, expected: Expected): readonly Verdict[] {
  const { status, text, isEnded, problem, totalMs } = outcome
  if (status === 429 || status === 503) return [{ damage: 'refused', detail: `${status} ${quote(text)}` }]
  if (status !== 200) return [{ damage: 'lost', detail: `${status} ${problem ?? ''} ${quote(text)}` }]
  const { answer, isWhole, failure, damages } = readSafely(text, expected.read)
  const verdicts: Verdict[] = []
  const isLost = !isEnded || !isWhole || failure !== undefined
  if (isLost) verdicts.push({ damage: 'lost', detail: failure ?? problem ?? 'it ends before its end' })
  // Half of the last event, where the connection broke, is not one more damage.
  if (isEnded) verdicts.push(...damages.map((detail): Verdict => ({ damage: 'malformed', detail })))
  verdicts.push(...compareParts(expected.answer, answer, isLost))
  if (isLost) return verdicts
  if (answer.finish !== expected.answer.finish)
    verdicts.push({ damage: 'finish', detail: `${answer.finish}, not ${expected.answer.finish}` })
  const usage = JSON.stringify(answer.usage)
  const rightUsage = JSON.stringify(expected.answer.usage)
  if (usage !== rightUsage) verdicts.push({ damage: 'usage', detail: `${usage}, not ${rightUsage}` })
  if (totalMs > expected.lateMs) verdicts.push({ damage: 'late', detail: `${Math.round(totalMs)} ms` })
  return verdicts
}

function readSafely(text: string, read: Expected['read']): Reading {
  try {
    return read(text)
  } catch (error) {
    // A field is of another type than the dialect's: nothing more can be said of it.
    const damages = [`it cannot be read: ${error instanceof Error ? error.message : String(error)}`]
    return { answer: { parts: {}, finish: '', usage: undefined }, isWhole: false, failure: undefined, damages }
  }
}

/** Of a lost answer, what there is must still be the beginning of the right one. */
function compareParts(expected: Answer, got: Answer, isLost: boolean): readonly Verdict[] {
  const verdicts: Verdict[] = []
  const names = new Set([...Object.keys(expected.parts), ...Object.keys(got.parts)])
  for (const name of names) {
    const right = expected.parts[name]
    const said = got.parts[name]
    if (right === undefined) verdicts.push({ damage: 'wrong', detail: `${name} is in no right answer` })
    else if (said === undefined) {
      if (!isLost) verdicts.push({ damage: 'missing', detail: `${name} is missing` })
    } else if (!(isLost && right.startsWith(said))) {
      const difference = compareText(right, said)
      if (difference !== undefined)
        verdicts.push({ damage: difference.damage, detail: `${name}: ${difference.detail}` })
    }
  }
  const order = Object.keys(got.parts).filter((name) => name in expected.parts)
  const rightOrder = Object.keys(expected.parts).filter((name) => name in got.parts)
  if (order.join() !== rightOrder.join()) verdicts.push({ damage: 'wrong', detail: `the order is ${order.join()}` })
  return verdicts
}

/** How a text differs from the right one: characters twice, characters not there, or other ones. */
export function compareText(right: string, said: string): Verdict | undefined {
  if (right === said) return undefined
  const shorter = Math.min(right.length, said.length)
  let start = 0
  while (start < shorter && right[start] === said[start]) start += 1
  let end = 0
  while (end < shorter - start && right.at(-1 - end) === said.at(-1 - end)) end += 1
  const at = `at ${start} of ${right.length}`
  if (start + end === said.length)
    return { damage: 'missing', detail: `${at}: ${quote(right.slice(start, right.length - end))}` }
  const more = said.slice(start, said.length - end)
  // What comes twice stands right before its second time, wherever in the run of both the difference shows.
  if (start + end === right.length && said.slice(0, start).endsWith(more))
    return { damage: 'duplicated', detail: `${at}: ${quote(more)}` }
  return { damage: 'wrong', detail: `${at}: ${quote(more)}, not ${quote(right.slice(start, right.length - end))}` }
}
