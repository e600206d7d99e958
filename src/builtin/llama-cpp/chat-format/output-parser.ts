import type { CallReader } from './call-reading.ts'
import { readChannels } from './channels.ts'
import type { ChatDelta, ChatTool, OutputParser } from './chat-format.ts'
import { isBlank } from './json-reading.ts'
import { parameterForm } from './parameter-form.ts'
import { createTextSource, type Reading, type TextSource } from './text-source.ts'
import type { ThoughtTags } from './thoughts.ts'
import type { ToolSyntax } from './tool-syntax.ts'

export interface OutputParserInit {
  readonly thoughtTags: readonly ThoughtTags[]
  /** The prompt ended inside of these: the answer begins with thoughts. */
  readonly openThoughts?: ThoughtTags
  /** Absent: nothing in the answer is read as a call. */
  readonly tools?: { readonly syntax: ToolSyntax; readonly list: readonly ChatTool[] }
  /** The answer comes as messages on channels. */
  readonly channels?: boolean
  readonly newCallId: () => string
}

/** Takes an answer apart while it is being written: thoughts, content and tool calls. */
export function createOutputParser(init: OutputParserInit): OutputParser {
  const source = createTextSource()
  const deltas = createDeltaWriter()
  const answer = readAnswer({ ...init, source, deltas })

  return {
    push(text) {
      source.append(text)
      answer.next()
      return deltas.takeAll()
    },
    finish() {
      source.end()
      answer.next()
      deltas.closeContent()
      return deltas.takeAll()
    },
    sawToolCall: () => deltas.callCount() > 0,
  }
}

interface AnswerReader extends OutputParserInit {
  readonly source: TextSource
  readonly deltas: DeltaWriter
}

function* readAnswer(reader: AnswerReader): Reading<void> {
  const { source, deltas, tools } = reader
  if (reader.channels === true) {
    yield* readChannels({
      source,
      content: (text) => deltas.content(text, { holdBlanks: false }),
      reasoning: (text) => deltas.reasoning(text),
      endReasoning: () => deltas.closeReasoning(),
      ...(tools === undefined ? {} : { calls: callReader(reader, tools.list) }),
    })
    return
  }
  yield* readThoughts(reader)
  if (tools === undefined) {
    yield* source.while(
      () => true,
      (text) => deltas.content(text, { holdBlanks: false }),
    )
    return
  }
  const calls = callReader(reader, tools.list)
  if (tools.syntax.readBare !== undefined) {
    const { readBare } = tools.syntax
    yield* source.attempt(function* readBareCalls() {
      yield* source.while(isBlank)
      return yield* readBare(calls)
    })
  }
  for (;;) {
    const opener = yield* source.through(tools.syntax.openers, (text) => deltas.content(text, { holdBlanks: true }))
    if (opener === undefined) return
    const wasCall = yield* source.attempt(() => tools.syntax.read(calls))
    if (!wasCall) deltas.content(source.take(opener.length), { holdBlanks: true })
  }
}

function* readThoughts({ source, deltas, thoughtTags, openThoughts }: AnswerReader): Reading<void> {
  let tags = openThoughts
  if (tags === undefined) {
    yield* source.attempt(function* readOpening() {
      yield* source.while(isBlank)
      const open = yield* source.next(thoughtTags.map((known) => known.open))
      tags = thoughtTags.find((known) => known.open === open)
      source.take(open?.length ?? 0)
      return tags !== undefined
    })
  } else {
    // Some models open again what the prompt has opened for them.
    yield* source.attempt(function* readRepeatedOpening() {
      yield* source.while(isBlank)
      return yield* source.takeIf(openThoughts?.open ?? '')
    })
  }
  if (tags === undefined) return
  yield* source.while(isBlank)
  const close = yield* source.through([tags.close], (text) => deltas.reasoning(text))
  deltas.closeReasoning()
  if (close === undefined) return
  source.take(close.length)
  yield* source.while(isBlank)
}

function callReader({ source, deltas, newCallId }: AnswerReader, tools: readonly ChatTool[]): CallReader {
  return {
    source,
    start: (name) => deltas.startCall(newCallId(), name),
    arguments: (text) => deltas.callArguments(text),
    isTool: (name) => tools.some((tool) => tool.name === name),
    parameter: (tool, name) => parameterForm(tools.find((known) => known.name === tool)?.parameters, name),
  }
}

interface DeltaWriter {
  /** `holdBlanks`: white space at the end waits, since that in front of a call is not the answer's. */
  content(text: string, options: { readonly holdBlanks: boolean }): void
  closeContent(): void
  reasoning(text: string): void
  closeReasoning(): void
  startCall(id: string, name: string): void
  callArguments(text: string): void
  callCount(): number
  takeAll(): ChatDelta[]
}

function createDeltaWriter(): DeltaWriter {
  let deltas: ChatDelta[] = []
  let blanks = ''
  let calls = 0
  let isBehindCall = false

  function write(delta: ChatDelta): void {
    const before = deltas.at(-1)
    if (before !== undefined && 'text' in before && 'text' in delta && before.type === delta.type) {
      deltas[deltas.length - 1] = { ...before, text: before.text + delta.text }
    } else {
      deltas.push(delta)
    }
  }

  function withoutBlanks(text: string): string {
    const whole = blanks + text
    const said = whole.trimEnd()
    blanks = whole.slice(said.length)
    return said
  }

  return {
    content(text, { holdBlanks }) {
      const said = holdBlanks ? withoutBlanks(isBehindCall ? text.trimStart() : text) : text
      if (said === '') return
      isBehindCall = false
      write({ type: 'content', text: said })
    },
    closeContent() {
      if (blanks !== '' && calls === 0) write({ type: 'content', text: blanks })
      blanks = ''
    },
    reasoning(text) {
      const said = withoutBlanks(text)
      if (said !== '') write({ type: 'reasoning', text: said })
    },
    closeReasoning() {
      blanks = ''
    },
    startCall(id, name) {
      blanks = ''
      write({ type: 'tool-call-start', index: calls, id, name })
      calls += 1
      isBehindCall = true
    },
    callArguments(text) {
      if (text !== '') write({ type: 'tool-call-arguments', index: calls - 1, text })
    },
    callCount: () => calls,
    takeAll() {
      const taken = deltas
      deltas = []
      return taken
    },
  }
}
