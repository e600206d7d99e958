import type { ReasoningConfig } from '../../models/prompt-config.ts'
import { type AnswerPiece, type TextStage, textPiece } from './answer-piece.ts'

interface Tags {
  readonly start: string
  readonly end: string
}

/** What models put around their thoughts. */
const KNOWN_TAGS: readonly Tags[] = [
  { start: '<think>', end: '</think>' },
  { start: '<thinking>', end: '</thinking>' },
  { start: '<seed:think>', end: '</seed:think>' },
  { start: '[THINK]', end: '[/THINK]' },
  { start: '<|START_THINKING|>', end: '<|END_THINKING|>' },
  { start: '<|inner_prefix|>', end: '<|inner_suffix|>' },
]

export interface ReasoningInit {
  readonly config: ReasoningConfig | undefined
  /** What the model goes on from: when it ends in a tag, the answer begins with thoughts. */
  readonly prompt: string
}

/**
 * Takes an answer apart into thoughts and what is said. Tags are found anywhere, and over the borders of pieces: only what may be the beginning of a tag is held back. White
 * space next to thoughts belongs to nobody.
 */
export function createReasoningSplit({ config, prompt }: ReasoningInit): TextStage {
  const tags = [...(config?.tags ?? []), ...KNOWN_TAGS]
  const drop = config?.drop ?? false
  let buffer = ''
  let open = config?.prefill === false ? undefined : openedBy(prompt, tags, config?.startTokens ?? [])
  /** Thoughts or an answer have just begun. */
  let atStart = open !== undefined
  let lastMark: string | undefined

  function read(ended: boolean): readonly AnswerPiece[] {
    const pieces: AnswerPiece[] = []
    while (readSection(pieces, ended)) {
      open = open === undefined ? tags.find(({ start }) => start === lastMark) : undefined
      atStart = true
    }
    return pieces
  }

  /** Reads up to the next tag and over it; false when none is there yet. */
  function readSection(pieces: AnswerPiece[], ended: boolean): boolean {
    if (atStart) buffer = buffer.trimStart()
    const thinking = open !== undefined
    const marks = open === undefined ? tags.map(({ start }) => start) : [open.end]
    const found = firstOf(buffer, marks)
    const until = found?.at ?? (ended ? buffer.length : heldFrom(buffer, marks, thinking))
    const said = buffer.slice(0, until)
    atStart &&= said === ''
    pieces.push(...toPieces(thinking && (found !== undefined || ended) ? said.trimEnd() : said))
    buffer = buffer.slice(until + (found?.mark.length ?? 0))
    lastMark = found?.mark
    return found !== undefined
  }

  function toPieces(text: string): readonly AnswerPiece[] {
    if (open === undefined) return textPiece(text)
    return text === '' || drop ? [] : [{ type: 'reasoning', text }]
  }

  return {
    push(text) {
      buffer += text
      return read(false)
    },
    end: () => read(true),
  }
}

/** The tags that a prompt leaves open. A start that is in no pair ends as the usual one does. */
function openedBy(prompt: string, tags: readonly Tags[], startTokens: readonly string[]): Tags | undefined {
  const written = prompt.trimEnd()
  const paired = tags.find(({ start }) => written.endsWith(start.trimEnd()))
  if (paired !== undefined) return paired
  const start = startTokens.find((token) => written.endsWith(token.trimEnd()))
  return start === undefined ? undefined : { start, end: '</think>' }
}

function firstOf(text: string, marks: readonly string[]): { readonly at: number; readonly mark: string } | undefined {
  const found = marks.map((mark) => ({ at: text.indexOf(mark), mark })).filter(({ at }) => at >= 0)
  return found.sort((one, other) => one.at - other.at || other.mark.length - one.mark.length)[0]
}

/** From where a text may be the beginning of a mark; with the white space in front, inside of thoughts. */
function heldFrom(text: string, marks: readonly string[], withBlanks: boolean): number {
  const longest = Math.max(...marks.map((mark) => mark.length)) - 1
  let held = text.length
  for (let at = Math.max(0, text.length - longest); at < text.length; at += 1) {
    if (!marks.some((mark) => mark.startsWith(text.slice(at)))) continue
    held = at
    break
  }
  return withBlanks ? text.slice(0, held).trimEnd().length : held
}
