import { type AnswerPiece, type TextStage, textPiece } from '../answers/answer-piece.ts'
import type { CallKeys, FoundCall } from './call-keys.ts'
import { endOfObject, SCAN_BUDGET, toCall } from './json-calls.ts'

/** What models write in front of a call that is JSON, and behind it. */
const OPENERS = ['<tool_call>', '<function_call>', '<|python_tag|>', '[TOOL_CALLS]', '```json', '```', '[']
const CLOSERS = ['</tool_call>', '</function_call>', '```', ']', ',', ';']

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
  /** How much of the object at hand was searched for its end in vain. */
  let searched = 0
  let budget = SCAN_BUDGET

  function read(ended: boolean): readonly AnswerPiece[] {
    const pieces: AnswerPiece[] = []
    while (readStep(pieces, ended)) searched = 0
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
    const said = rest === '' && ended ? before : before.trimEnd()
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
    const at = behindOpeners(text)
    if (!ended && isBeginning(text.slice(at), OPENERS)) return 'wait'
    if (text[at] !== '{' || budget < 0) return 'no call'
    if (!ended && text.length < LONGEST_CALL && text.indexOf('}', searched) < 0) return 'wait'
    const end = endOfObject(text, at)
    budget -= (end ?? text.length) - at
    searched = text.length
    if (end === undefined) return ended || text.length >= LONGEST_CALL ? 'no call' : 'wait'
    const call = toCall(text.slice(at, end), keys)
    return call === undefined ? 'no call' : { call, end }
  }

  return {
    push(text) {
      buffer += text
      return read(false)
    },
    end: () => read(true),
  }
}

/** Whether a text that ends here may go on as one of the words. */
function isBeginning(text: string, words: readonly string[]): boolean {
  return words.some((word) => text.length < word.length && word.startsWith(text))
}

function behindOpeners(text: string): number {
  let at = 0
  for (;;) {
    while (/\s/.test(text[at] ?? '')) at += 1
    const opener = OPENERS.find((word) => text.startsWith(word, at))
    if (opener === undefined) return at
    at += opener.length
  }
}

function withoutClosers(text: string): string {
  const rest = text.trimStart()
  const closer = CLOSERS.find((word) => rest.startsWith(word))
  return closer === undefined ? rest : withoutClosers(rest.slice(closer.length))
}
