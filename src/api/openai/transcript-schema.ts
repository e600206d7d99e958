import Type, { type Static } from 'typebox'
import type { Transcript } from '../../inference/media/transcribe.ts'
import { FileField } from '../media/form-fields.ts'
import { LongText, ModelName, ShortText } from '../media/request-fields.ts'

const Texts = Type.Union([ShortText, Type.Array(ShortText, { maxItems: 8 })])

/** Fields of a form are texts; `name[]` is a list under `name`. */
export const TranscriptionForm = Type.Object({
  file: Type.Optional(FileField),
  model: Type.Optional(ModelName),
  language: Type.Optional(ShortText),
  prompt: Type.Optional(LongText),
  response_format: Type.Optional(ShortText),
  temperature: Type.Optional(ShortText),
  translate: Type.Optional(ShortText),
  diarize: Type.Optional(ShortText),
  stream: Type.Optional(ShortText),
  timestamp_granularities: Type.Optional(Texts),
})
export type TranscriptionForm = Static<typeof TranscriptionForm>

const Word = Type.Object({ word: Type.String(), start: Type.Number(), end: Type.Number() })

const Segment = Type.Object({
  id: Type.Integer(),
  /** Seconds. */
  start: Type.Number(),
  end: Type.Number(),
  text: Type.String(),
  tokens: Type.Array(Type.Integer()),
  speaker: Type.Optional(Type.String()),
})

export const VerboseTranscript = Type.Object({
  task: Type.Enum(['transcribe', 'translate']),
  language: Type.String(),
  duration: Type.Number(),
  text: Type.String(),
  segments: Type.Array(Segment),
  words: Type.Optional(Type.Array(Word)),
})
type VerboseTranscript = Static<typeof VerboseTranscript>

export const PlainTranscript = Type.Object({ text: Type.String() })

export const TranscriptEvent = Type.Union([
  Type.Object({ type: Type.Literal('transcript.text.delta'), delta: Type.String() }),
  Type.Object({ type: Type.Literal('transcript.text.done'), text: Type.String() }),
])

export function toVerboseTranscript(
  { text, segments, language = '', duration }: Transcript,
  { translate }: { readonly translate: boolean },
): VerboseTranscript {
  const words = segments.flatMap((segment) => segment.words.map((word) => ({ ...word })))
  return {
    task: translate ? 'translate' : 'transcribe',
    language,
    duration,
    text,
    segments: segments.map(({ words: _, ...segment }) => ({ ...segment, tokens: [...segment.tokens] })),
    ...(words.length === 0 ? {} : { words }),
  }
}
