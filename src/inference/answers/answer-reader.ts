import { isObject } from '../../base/json.ts'
import type { ModelConfig } from '../../models/model-config.ts'
import { toToolConfig } from '../../models/prompt-config.ts'
import type { ToolDefinition } from '../request.ts'
import { createConfiguredCalls, needsWholeAnswer } from '../tools/configured-calls.ts'
import { parseLenient } from '../tools/json-calls.ts'
import { createCallStream } from '../tools/stream-calls.ts'
import { type AnswerPiece, type TextStage, textPiece } from './answer-piece.ts'
import { createTextEditor } from './edit-text.ts'
import { createReasoningSplit } from './split-reasoning.ts'

/**
 * Makes of what a backend sends what the client gets, as the model's configuration says. A backend that takes its
 * answer apart by itself sends `content`; one that does not sends `raw` text, with thoughts and calls in it.
 */
export interface AnswerReader {
  raw(text: string): readonly AnswerPiece[]
  content(text: string): readonly AnswerPiece[]
  end(): readonly AnswerPiece[]
}

export interface AnswerReaderInit {
  readonly config: ModelConfig
  /** Absent for an answer that is no turn of a conversation: all of it is text. */
  readonly chat?: {
    /** Empty when the backend makes the prompt. */
    readonly prompt: string
    /** Which calls the answer may have. */
    readonly tools: readonly ToolDefinition[]
  }
}

export function createAnswerReader({ config, chat }: AnswerReaderInit): AnswerReader {
  const editor = createTextEditor(config.edits)
  const stages = chat === undefined ? [] : chatStages(config, chat)
  /** It belongs to the answer, and was not generated. */
  let prefix = config.prompts?.replyPrefix ?? ''

  function edited(pieces: readonly AnswerPiece[]): readonly AnswerPiece[] {
    return pieces.flatMap((piece) => (piece.type === 'text' ? textPiece(editor.push(piece.text)) : [piece]))
  }

  return {
    raw(text) {
      const whole = prefix + text
      prefix = ''
      return edited(through(stages, textPiece(whole)))
    },
    content: (text) => edited(textPiece(text)),
    end: () => [...edited(atEnd(stages)), ...textPiece(editor.end())],
  }
}

function chatStages(
  config: ModelConfig,
  { prompt, tools }: NonNullable<AnswerReaderInit['chat']>,
): readonly TextStage[] {
  const reasoning =
    config.reasoningDisabled === true ? [] : [createReasoningSplit({ config: config.reasoning, prompt })]
  if (tools.length === 0) return reasoning
  const toolConfig = config.tools ?? toToolConfig()
  const noAction = toolConfig.noAction?.name
  const { nameKey, argumentsKey } = toolConfig
  const isTool = (name: string): boolean => name === noAction || tools.some((tool) => tool.name === name)
  const keys = { nameKey, argumentsKey, isTool }
  const calls = needsWholeAnswer(toolConfig) ? createConfiguredCalls(toolConfig, keys) : createCallStream(keys)
  return [...reasoning, noAction === undefined ? calls : answeringInText(calls, noAction, tools)]
}

/** The call of the function that stands for "answer in text" is the text it brings. */
function answeringInText(calls: TextStage, noAction: string, tools: readonly ToolDefinition[]): TextStage {
  if (tools.some(({ name }) => name === noAction)) return calls
  const toText = (pieces: readonly AnswerPiece[]): readonly AnswerPiece[] =>
    pieces.flatMap((piece) => {
      if (piece.type !== 'call' || piece.name !== noAction) return [piece]
      return textPiece(messageOf(piece.arguments))
    })
  return { push: (text) => toText(calls.push(text)), end: () => toText(calls.end()) }
}

/** Where a pattern found the arguments, or the model forgot the object around them, they are the text themselves. */
function messageOf(written: string): string {
  const value = parseLenient(written)
  if (!isObject(value)) return typeof value === 'string' ? value : written
  const { message } = value
  return typeof message === 'string' ? message : ''
}

function through(stages: readonly TextStage[], pieces: readonly AnswerPiece[]): readonly AnswerPiece[] {
  return stages.reduce(
    (before, stage) => before.flatMap((piece) => (piece.type === 'text' ? stage.push(piece.text) : [piece])),
    pieces,
  )
}

/** What the first stage held back goes through the later ones before those end. */
function atEnd(stages: readonly TextStage[]): readonly AnswerPiece[] {
  const [first, ...later] = stages
  if (first === undefined) return []
  return [...through(later, first.end()), ...atEnd(later)]
}
