import { type AnswerPiece, type TextStage, textPiece } from '../answers/answer-piece.ts'
import type { CallKeys, FoundCall } from './call-keys.ts'
import { endOfObject, SCAN_BUDGET, toCall } from './json-calls.ts'

/** What models write in front of a call that is JSON, and behind it. */
const OPENERS = ['<tool_call>', '<function_call>', '<|python_tag|>', '[TOOL_CALLS]', '```json', '```', '[']
const CLOSERS = ['</tool_call>', '</function_call>', '```', ']', ',', ';']

const LONGEST_SIGN = Math.max(...OPENERS.map((word) => word.length))

/** How much may stand in front of a call. */
const LONGEST_FRONT = 256
/** What looking at one of its characters costs, where the search for an end costs 1. */
const FRONT_COST = 64

/** What goes on for longer without an end is no call. */
const LONGEST_CALL = 256 * 1024

type Decision = 'wait' | 'no call' | { readonly call: FoundCall; readonly end: number }

/**
 * Finds calls that are written as JSON. Only what may be a call is held back, from the sign it may begin with to where
 * that is decided. The white space and the signs around a call go with it.
 */
export function createCallStream(keys: CallKeys): TextStage {
  let buffer = ''
  let behindCall = false
  /** The text at hand is an object without an end so far. */
  let isOpen = false
  /** What has come since, and is not looked at yet. */
  let waiting: string[] = []
  let waitingLength = 0
  let budget = SCAN_BUDGET

  function takeWaiting(ended: boolean): readonly AnswerPiece[] {
    buffer += waiting.join('')
    waiting = []
    waitingLength = 0
    isOpen = false
    const pieces: AnswerPiece[] = []
    while (readStep(pieces, ended)) budget -= 1
    return pieces
  }

  /** Reads up to what may be a call, and that; false when there is nothing to decide yet. */
  function readStep(pieces: AnswerPiece[], ended: boolean): boolean {
    if (behindCall) buffer = withoutClosers(buffer)
    if (behindCall && !ended && isBeginning(buffer, CLOSERS)) return false
    const start = buffer.search(/[{<[`]/)
    const before = start < 0 ? buffer : buffer.slice(0, start)
    const rest = buffer.slice(before.length)
    const decision = rest === '' ? 'wait' : decide(rest, ended)
    if (decision === 'no call') {
      // The sign is text, and a call may begin behind it.
      say(pieces, before + rest.slice(0, 1))
      buffer = rest.slice(1)
      return true
    }
    const trimmed = before.trimEnd()
    const said = before.length - trimmed.length > LONGEST_FRONT || (rest === '' && ended) ? before : trimmed
    say(pieces, said)
    buffer = buffer.slice(said.length)
    if (decision === 'wait') return false
    pieces.push({ type: 'call', ...decision.call })
    buffer = rest.slice(decision.end)
    behindCall = true
    return true
  }

  function say(pieces: AnswerPiece[], text: string): void {
    const last = pieces.at(-1)
    if (last?.type === 'text') pieces[pieces.length - 1] = { type: 'text', text: last.text + text }
    else pieces.push(...textPiece(text))
    behindCall &&= text === ''
  }

  function decide(text: string, ended: boolean): Decision {
    if (budget < 0) return 'no call'
    const at = behindOpeners(text, ended)
    if (at === undefined) return 'wait'
    budget -= at * FRONT_COST
    if (text[at] !== '{') return 'no call'
    const end = endOfObject(text, at)
    budget -= (end ?? text.length) - at
    if (end === undefined) {
      isOpen = !ended && text.length < LONGEST_CALL
      return isOpen ? 'wait' : 'no call'
    }
    const call = toCall(text.slice(at, end), keys)
    return call === undefined ? 'no call' : { call, end }
  }

  return {
    push(text) {
      waiting.push(text)
      waitingLength += text.length
      // Joined and searched only when that may decide, and not once for each token of a long call.
      if (isOpen && !text.includes('}') && waitingLength < LONGEST_CALL) return []
      return takeWaiting(false)
    },
    end: () => takeWaiting(true),
  }
}

/** Whether a text that ends here may go on as one of the words. */
function isBeginning(text: string, words: readonly string[]): boolean {
  return words.some((word) => text.length < word.length && word.startsWith(text))
}

/** Where the signs end that may stand in front of a call; undefined while they may go on. */
function behindOpeners(text: string, ended: boolean): number | undefined {
  let at = 0
  while (at < LONGEST_FRONT) {
    while (at < LONGEST_FRONT && /\s/.test(text[at] ?? '')) at += 1
    if (!ended && isBeginning(text.slice(at, at + LONGEST_SIGN), OPENERS)) return undefined
    const opener = OPENERS.find((word) => text.startsWith(word, at))
    if (opener === undefined) return at
    at += opener.length
  }
  return at
}

function withoutClosers(text: string): string {
  let at = 0
  for (;;) {
    while (/\s/.test(text[at] ?? '')) at += 1
    const closer = CLOSERS.find((word) => text.startsWith(word, at))
    if (closer === undefined) return text.slice(at)
    at += closer.length
  }
}
