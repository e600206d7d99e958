import type { TextEdits } from '../../models/prompt-config.ts'
import { compilePattern } from '../../templates/regex/pattern.ts'

/** Changes an answer's text while it comes. */
export interface TextEditor {
  push(text: string): string
  end(): string
}

/**
 * What `cutstrings`, `extract_regex`, `trimspace` and `trimsuffix` say, in this order. Patterns need the whole answer,
 * which then comes in one piece; for the rest only the beginning and the end are held back.
 */
export function createTextEditor(edits: TextEdits | undefined): TextEditor {
  if (edits === undefined) return { push: (text) => text, end: () => '' }
  const needsAll = edits.cut.length > 0 || edits.extract.length > 0
  return needsAll ? editWhole(edits) : editEnds(edits)
}

function editWhole(edits: TextEdits): TextEditor {
  const parts: string[] = []
  return {
    push(text) {
      parts.push(text)
      return ''
    },
    end() {
      const cut = edits.cut.reduce((text, source) => compilePattern(source).replaceAll(text, ''), parts.join(''))
      const extracted = edits.extract.map((source) => compilePattern(source).first(cut)?.text ?? '').join('')
      return trimmed(extracted === '' ? cut : extracted, edits)
    },
  }
}

function trimmed(text: string, { trimPrefixes, trimSuffixes }: TextEdits): string {
  const start = trimPrefixes.reduce((rest, prefix) => withoutPrefix(rest, prefix).trim(), text)
  return trimSuffixes.reduce((rest, suffix) => withoutSuffix(rest, suffix).trim(), start)
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text
}

function withoutSuffix(text: string, suffix: string): string {
  return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text
}

/** As many signs may go at either end as its words have, and white space with them: so much is held back. */
function editEnds(edits: TextEdits): TextEditor {
  const signs = (words: readonly string[]): number => words.join('').replace(/\s/g, '').length
  const [atStart, atEnd] = [signs(edits.trimPrefixes), signs(edits.trimSuffixes)]
  let buffer = ''
  let started = false
  return {
    push(text) {
      buffer += text
      if (!started) {
        if (signs([buffer]) <= atStart + atEnd) return ''
        started = true
        const { trimPrefixes } = edits
        buffer = trimPrefixes.reduce((rest, prefix) => withoutPrefix(rest, prefix).trimStart(), buffer).trimStart()
      }
      const said = buffer.slice(0, endWithout(buffer, atEnd))
      buffer = buffer.slice(said.length)
      return said
    },
    end() {
      if (!started) return trimmed(buffer, edits)
      return edits.trimSuffixes.reduce((rest, suffix) => withoutSuffix(rest, suffix).trimEnd(), buffer).trimEnd()
    },
  }
}

/** Where a text ends without its last `count` signs and the white space around them. */
function endWithout(text: string, count: number): number {
  let left = count
  let end = text.length
  while (end > 0 && (left > 0 || /\s/.test(text[end - 1] ?? ''))) {
    if (!/\s/.test(text[end - 1] ?? '')) left -= 1
    end -= 1
  }
  return end
}
