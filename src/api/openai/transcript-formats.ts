import type { Transcript, TranscriptSegment } from '../../inference/media/transcribe.ts'

/** A transcript as a text file: `text` (or `txt`), `srt`, `vtt` or `lrc`. */
export type TextFormat = 'text' | 'srt' | 'vtt' | 'lrc'

const RENDERINGS: Readonly<Record<TextFormat, (transcript: Transcript) => string>> = {
  text: ({ text, segments }) =>
    segments.length === 0 ? `${text}\n` : segments.map((segment) => `${segment.text.trim()}\n`).join(''),
  srt: ({ segments }) =>
    segments.map((segment, index) => `${index + 1}\n${cueTimes(segment, ',')}\n${cueText(segment)}\n\n`).join(''),
  vtt: ({ segments }) =>
    `WEBVTT\n\n${segments.map((segment) => `${cueTimes(segment, '.')}\n${cueText(segment)}\n\n`).join('')}`,
  lrc: ({ segments }) => `[by:LocalAI]\n[re:LocalAI]\n\n${segments.map(lyricLine).join('')}`,
}

export function renderTranscript(transcript: Transcript, format: TextFormat): string {
  return RENDERINGS[format](transcript)
}

function cueTimes({ start, end }: TranscriptSegment, point: string): string {
  return `${clock(start, point)} --> ${clock(end, point)}`
}

/** A cue ends at an empty line, so its own text has none. */
function cueText({ text, speaker }: TranscriptSegment): string {
  const words = text.trim().replaceAll(/\n{2,}/g, '\n')
  return speaker === undefined ? words : `${speaker}: ${words}`
}

/** `hh:mm:ss,mmm` */
function clock(seconds: number, point: string): string {
  const total = Math.round(seconds * 1000)
  const [hours, minutes] = [Math.floor(total / 3_600_000), Math.floor(total / 60_000) % 60]
  const [rest, milliseconds] = [Math.floor(total / 1000) % 60, total % 1000]
  return `${pad(hours)}:${pad(minutes)}:${pad(rest)}${point}${pad(milliseconds, 3)}`
}

/** `[mm:ss.cc] text` */
function lyricLine({ start, text }: TranscriptSegment): string {
  const hundredths = Math.round(start * 100)
  const [minutes, seconds] = [Math.floor(hundredths / 6000), Math.floor(hundredths / 100) % 60]
  return `[${pad(minutes)}:${pad(seconds)}.${pad(hundredths % 100)}] ${text.trim()}\n`
}

function pad(value: number, digits = 2): string {
  return String(value).padStart(digits, '0')
}
