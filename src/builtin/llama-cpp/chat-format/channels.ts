import type { CallReader } from './call-reading.ts'
import { skipBlanks } from './json-reading.ts'
import type { Reading, TextSource } from './text-source.ts'
import type { ThoughtTags } from './thoughts.ts'

/** How an answer is written as messages on channels (gpt-oss): thoughts, what is said, and calls to functions. */
export interface ChannelReader {
  readonly source: TextSource
  content(text: string): void
  reasoning(text: string): void
  endReasoning(): void
  /** Absent: calls are content. */
  readonly calls?: CallReader
}

export function hasChannels(template: string): boolean {
  return template.includes('<|channel|>') && template.includes('<|message|>')
}

/** What a grammar has to let through before a call. */
export const channelThoughts: ThoughtTags = {
  open: '<|channel|>analysis<|message|>',
  close: '<|end|><|start|>assistant',
}

/** Opens the answer proper, for when nothing else may come first. */
export const finalChannel = '<|channel|>final<|message|>'

const ends = ['<|end|>', '<|call|>', '<|return|>', '<|start|>']
const maxHeaderLength = 300

export function* readChannels(reader: ChannelReader): Reading<void> {
  const { source } = reader
  for (;;) {
    const header = yield* readHeader(source)
    if (header === undefined) break
    yield* readBody(reader, header)
    const end = yield* source.next(ends)
    if (end !== undefined && end !== '<|start|>') source.take(end.length)
  }
  // Not on any channel: it is content as it stands.
  yield* source.while(
    () => true,
    (text) => reader.content(text),
  )
}

interface MessageHeader {
  readonly channel: string | undefined
  readonly recipient: string | undefined
}

/** A header ends with `<|message|>`, soon and on its line; undefined when what comes is none. */
function* readHeader(source: TextSource): Reading<MessageHeader | undefined> {
  let header = ''
  const isHeader = yield* source.attempt(function* readToMessage() {
    yield* skipBlanks(source)
    yield* source.takeIf('<|start|>')
    yield* source.while((character) => {
      if (character === '\n' || header.length > maxHeaderLength || header.endsWith('<|message|>')) return false
      header += character
      return true
    })
    return header.endsWith('<|message|>')
  })
  if (!isHeader) return undefined
  return {
    channel: /<\|channel\|>(\w+)/.exec(header)?.[1],
    recipient: /\bto=(?:functions\.)?([^\s<]+)/.exec(header)?.[1],
  }
}

function* readBody(reader: ChannelReader, { channel, recipient }: MessageHeader): Reading<void> {
  const { source, calls } = reader
  if (recipient !== undefined && calls !== undefined) {
    source.commit()
    calls.start(recipient)
    yield* source.through(ends, (text) => calls.arguments(text))
  } else if (channel === 'analysis') {
    yield* source.through(ends, (text) => reader.reasoning(text))
    reader.endReasoning()
  } else {
    yield* source.through(ends, (text) => reader.content(text))
  }
}
