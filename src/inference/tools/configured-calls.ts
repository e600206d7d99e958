import type { Replacement, ToolConfig } from '../../models/prompt-config.ts'
import { compilePattern, type PatternMatch } from '../../templates/regex/pattern.ts'
import { type AnswerPiece, type TextStage, textPiece } from '../answers/answer-piece.ts'
import type { CallKeys, FoundCall } from './call-keys.ts'
import { findCalls } from './json-calls.ts'

/** Whether the configuration says with patterns how answers with calls are read: only a whole answer can be. */
export function needsWholeAnswer(tools: ToolConfig): boolean {
  const lists = [
    tools.responsePatterns,
    tools.jsonPatterns,
    tools.replaceInCalls,
    tools.replaceInAnswer,
    tools.capturePatterns,
  ]
  return lists.some((list) => list.length > 0)
}

/** Reads an answer as the patterns of `function` say (model-config.md, section 6), once all of it is there. */
export function createConfiguredCalls(tools: ToolConfig, keys: CallKeys): TextStage {
  const parts: string[] = []
  return {
    push(text) {
      parts.push(text)
      return []
    },
    end: () => readConfigured(parts.join(''), tools, keys),
  }
}

function readConfigured(written: string, tools: ToolConfig, keys: CallKeys): readonly AnswerPiece[] {
  const answer = replaceAll(written, tools.replaceInAnswer)
  const calls = readCalls(replaceAll(answer, tools.replaceInCalls), tools, keys)
  const captured = tools.capturePatterns
    .map((source) => compilePattern(source).first(answer)?.groups[0])
    .find((text) => text !== undefined)
  if (calls.length === 0) return textPiece(captured?.trim() ?? answer)
  return [...textPiece(captured?.trim() ?? ''), ...calls.map((call) => ({ type: 'call', ...call }) as const)]
}

function replaceAll(text: string, replacements: readonly Replacement[]): string {
  return replacements.reduce(
    (old, { pattern, replacement }) => compilePattern(pattern).replaceAll(old, replacement),
    text,
  )
}

function readCalls(text: string, tools: ToolConfig, keys: CallKeys): readonly FoundCall[] {
  if (tools.responsePatterns.length > 0) {
    const matches = tools.responsePatterns.flatMap((source) => compilePattern(source).all(text))
    return matches.flatMap(({ named }) => {
      const name = named[tools.nameKey] ?? ''
      if (!keys.isTool(name)) return []
      return [{ name, arguments: toArguments(named[tools.argumentsKey] ?? '', tools) }]
    })
  }
  return jsonTexts(text, tools).flatMap((json) => findCalls(json, keys))
}

/** What the groups of the first pattern that matches have found; the whole text when none does. */
function jsonTexts(text: string, { jsonPatterns }: ToolConfig): readonly string[] {
  for (const source of jsonPatterns) {
    const groups = compilePattern(source)
      .all(text)
      .flatMap((match: PatternMatch) => match.groups.filter((group) => group !== undefined))
    if (groups.length > 0) return groups
  }
  return [text]
}

/** Arguments that are no JSON are pairs, which patterns find. */
function toArguments(text: string, tools: ToolConfig): string {
  if (tools.argumentPatterns.length === 0) return text.trim() === '' ? '{}' : text.trim()
  const pairs = tools.argumentPatterns.flatMap((source) =>
    compilePattern(source)
      .all(text)
      .map(({ named }) => [named[tools.argumentKeyGroup] ?? '', named[tools.argumentValueGroup] ?? ''] as const),
  )
  return JSON.stringify(Object.fromEntries(pairs))
}
