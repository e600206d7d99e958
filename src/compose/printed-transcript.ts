import { renderTranscript } from '../api/openai/transcript-formats.ts'
import type { Values } from '../config/setting.ts'
import type { transcriptSettings } from '../config/tool-settings.ts'
import type { Transcript } from '../inference/media/transcribe.ts'

const INDENT = 4

/** A transcript as `local-ai transcript` prints it; without a format, a line for every segment. */
export function printedTranscript(
  transcript: Transcript,
  { responseFormat, prettyPrint }: Pick<Values<typeof transcriptSettings>, 'responseFormat' | 'prettyPrint'>,
): string {
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, prettyPrint ? INDENT : 0)}\n`
  const { segments, ...whole } = transcript
  switch (responseFormat) {
    case undefined:
      return segments.map(({ start, text }) => `${goDuration(start)} - ${text}\n`).join('')
    case 'json':
      return json(whole)
    case 'verbose_json':
      return json({ ...whole, segments })
    case 'txt':
      return renderTranscript(transcript, 'text')
    default:
      return renderTranscript(transcript, responseFormat)
  }
}

/** Seconds as Go writes a duration: `1.5s`, `1m1.5s`, `1h0m0s`, `250ms`. */
export function goDuration(seconds: number): string {
  const milliseconds = Math.round(seconds * 1000)
  if (milliseconds === 0) return '0s'
  if (milliseconds < 1000) return `${milliseconds}ms`
  const [hours, minutes] = [Math.floor(milliseconds / 3_600_000), Math.floor(milliseconds / 60_000) % 60]
  const rest = `${(milliseconds % 60_000) / 1000}s`
  if (hours > 0) return `${hours}h${minutes}m${rest}`
  return minutes > 0 ? `${minutes}m${rest}` : rest
}
