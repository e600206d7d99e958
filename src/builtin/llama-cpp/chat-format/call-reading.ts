import type { JsonValue } from '../../../base/json.ts'
import { hasType } from '../../../grammar/schema-keywords.ts'
import { isBlank, parseJson, readString, readValue, skipBlanks } from './json-reading.ts'
import type { ParameterForm } from './parameter-form.ts'
import type { Reading, TextSource } from './text-source.ts'

/** What reads a call needs: the text, where to say what was found, and which tools there are. */
export interface CallReader {
  readonly source: TextSource
  /** A call begins; its arguments follow. */
  start(name: string): void
  arguments(text: string): void
  isTool(name: string): boolean
  parameter(tool: string, name: string): ParameterForm
}

/** Reads calls, from their opener on. False, before it commits and reports anything: this is no call, the text is content. */
export type ReadCalls = (reader: CallReader) => Reading<boolean>

const nameKeys = new Set(['name', 'tool_name'])
const argumentKeys = new Set(['arguments', 'parameters', 'args'])
const maxNameLength = 256

interface JsonCall {
  /** Only a tool's own name makes it a call: nothing else sets it apart from an answer in JSON. */
  readonly strict: boolean
  name: string | undefined
  /** Arguments that came before the name. */
  held: string
  hasArguments: boolean
  isStarted: boolean
}

/** One call as a JSON object with its name and its arguments, in any order and among other keys. */
export function jsonCall({ strict }: { readonly strict: boolean }): ReadCalls {
  return function* readJsonCall(reader) {
    const { source } = reader
    if (!(yield* source.takeIf('{'))) return false
    const call: JsonCall = { strict, name: undefined, held: '', hasArguments: false, isStarted: false }
    do {
      yield* skipBlanks(source)
      const key = yield* readString(source)
      yield* skipBlanks(source)
      if (key === undefined || !(yield* source.takeIf(':'))) break
      yield* skipBlanks(source)
      if (!(yield* readMember(reader, call, key)) || !startOnceNamed(reader, call)) break
      yield* skipBlanks(source)
    } while (yield* source.takeIf(','))
    if (!call.isStarted) return false
    yield* source.takeIf('}')
    if (!call.hasArguments) reader.arguments('{}')
    return true
  }
}

/** False for a name that makes this no call. */
function startOnceNamed(reader: CallReader, call: JsonCall): boolean {
  const { name } = call
  if (name === undefined || call.isStarted) return true
  if (name === '' || name.length > maxNameLength || (call.strict && !reader.isTool(name))) return false
  reader.source.commit()
  reader.start(name)
  call.isStarted = true
  reader.arguments(call.held)
  return true
}

function* readMember(reader: CallReader, call: JsonCall, key: string): Reading<boolean> {
  const { source } = reader
  if (nameKeys.has(key) && call.name === undefined) {
    call.name = yield* readString(source)
    return call.name !== undefined
  }
  if (!argumentKeys.has(key) || call.hasArguments) return yield* readValue(source, () => {})
  call.hasArguments = true
  if (call.isStarted) return yield* readArguments(source, (text) => reader.arguments(text))
  return yield* readArguments(source, (text) => {
    call.held += text
  })
}

/** Arguments are an object as it stands, or a JSON text inside a string; `null` means none. */
function* readArguments(source: TextSource, report: (text: string) => void): Reading<boolean> {
  const first = yield* source.peek(1)
  if (first === '{') return yield* readValue(source, report)
  let text = ''
  const complete = yield* readValue(source, (part) => {
    text += part
  })
  const value = parseJson(text)
  if (typeof value === 'string') report(value === '' ? '{}' : value)
  else report(value === null ? '{}' : text)
  return complete
}

/** One JSON call, or a list of them. */
export function jsonCalls(options: { readonly strict: boolean }): ReadCalls {
  const readOne = jsonCall(options)
  return function* readJsonCalls(reader) {
    const { source } = reader
    yield* skipBlanks(source)
    if (!(yield* source.takeIf('['))) return yield* readOne(reader)
    yield* skipBlanks(source)
    if (!(yield* readOne(reader))) return false
    for (;;) {
      yield* skipBlanks(source)
      if (!(yield* source.takeIf(','))) break
      yield* skipBlanks(source)
      if (!(yield* source.attempt(() => readOne(reader)))) break
    }
    yield* source.takeIf(']')
    return true
  }
}

export interface NamedCallForm {
  /** What ends the name. */
  readonly nameEnd: string
  /** What may stand between the name's end and the arguments, besides white space. */
  readonly fence?: string
  /** What may close the call, in the order in which it comes. */
  readonly closers: readonly string[]
  readonly toName?: (written: string) => string
}

/** One call as a name, a marker and the arguments: `name[ARGS]{...}`. */
export function namedCall({ nameEnd, fence, closers, toName }: NamedCallForm): ReadCalls {
  return function* readNamedCall(reader) {
    const { source } = reader
    let written = ''
    const ended = yield* source.through([nameEnd], (text) => {
      written += text
    })
    const name = toName?.(written.trim()) ?? written.trim()
    if (ended === undefined || name === '' || name.length > maxNameLength || name.includes('\n')) return false
    source.take(nameEnd.length)
    source.commit()
    reader.start(name)
    yield* skipBlanks(source)
    if (fence !== undefined && (yield* source.takeIf(fence))) yield* skipBlanks(source)
    if ((yield* source.peek(1)) === '{') yield* readValue(source, (text) => reader.arguments(text))
    else reader.arguments('{}')
    yield* skipClosers(source, closers)
    return true
  }
}

export function* skipClosers(source: TextSource, closers: readonly string[]): Reading<void> {
  for (const closer of closers) {
    yield* source.attempt(function* readCloser() {
      yield* skipBlanks(source)
      return yield* source.takeIf(closer)
    })
  }
}

export interface TaggedCallForm {
  /** In front of the tool's name. */
  readonly open: string
  readonly nameEnd: string
  /** What ends the name too, and belongs to what follows. */
  readonly nameStops?: readonly string[]
  readonly parameterOpen: string
  readonly keyEnd: string
  /** Between key and value; without it, one line break on either side of the value belongs to the tags. */
  readonly valueOpen?: string
  readonly parameterClose: string
  /** What may close the call, in the order in which it comes. */
  readonly closers: readonly string[]
}

/** One call with its parameters in tags: `<function=name><parameter=key>value</parameter></function>`. */
export function taggedCall(form: TaggedCallForm): ReadCalls {
  return function* readTaggedCall(reader) {
    const { source } = reader
    yield* skipBlanks(source)
    if (!(yield* source.takeIf(form.open))) return false
    const name = yield* readTagName(source, form.nameEnd, form.nameStops)
    if (name === undefined) return false
    source.commit()
    reader.start(name)
    reader.arguments('{')
    for (let count = 0; ; count += 1) {
      yield* skipBlanks(source)
      if (!(yield* source.takeIf(form.parameterOpen))) break
      const key = yield* readTagName(source, form.keyEnd)
      if (key === undefined) break
      reader.arguments(`${count === 0 ? '' : ', '}${JSON.stringify(key)}: `)
      yield* readParameter(reader, form, reader.parameter(name, key))
    }
    reader.arguments('}')
    yield* skipClosers(source, form.closers)
    return true
  }
}

function* readTagName(source: TextSource, end: string, stops: readonly string[] = []): Reading<string | undefined> {
  let name = ''
  const found = yield* source.through([end, ...stops], (text) => {
    name += text
  })
  if (found === undefined) return undefined
  if (found === end) source.take(end.length)
  const trimmed = name.trim()
  return trimmed === '' || trimmed.length > maxNameLength || /[\n{<]/.test(trimmed) ? undefined : trimmed
}

/** A value as JSON text: strings are written as they come, other values are taken for JSON when they are. */
function* readParameter(reader: CallReader, form: TaggedCallForm, { texts, types }: ParameterForm): Reading<void> {
  const { source } = reader
  let ends = [form.parameterClose]
  if (form.valueOpen === undefined) {
    yield* source.takeIf('\n')
    ends = [`\n${form.parameterClose}`, form.parameterClose]
  } else {
    yield* skipBlanks(source)
    yield* source.takeIf(form.valueOpen)
  }
  if (texts !== undefined) {
    reader.arguments('"')
    const escaped = createJsonEscaper()
    yield* takeThrough(source, ends, (text) => reader.arguments(escaped(text)))
    reader.arguments(`${escaped('', true)}"`)
    return
  }
  let text = ''
  yield* takeThrough(source, ends, (part) => {
    text += part
  })
  const value = parseJson(text) as JsonValue | undefined
  // Digits are a text where there may be texts and no numbers.
  const isJson = value !== undefined && (hasType(value, types) || !types.includes('string'))
  reader.arguments(isJson ? text.trim() : JSON.stringify(text))
}

function* takeThrough(source: TextSource, ends: readonly string[], report: (text: string) => void): Reading<void> {
  const end = yield* source.through(ends, report)
  if (end !== undefined) source.take(end.length)
}

/** Text as the inside of a JSON string, in pieces that may cut a surrogate pair. */
function createJsonEscaper(): (text: string, last?: boolean) => string {
  let half = ''
  return (text, last = false) => {
    const whole = half + text
    const cut = !last && /[\ud800-\udbff]$/.test(whole) ? whole.length - 1 : whole.length
    half = whole.slice(cut)
    return JSON.stringify(whole.slice(0, cut)).slice(1, -1)
  }
}

/** Calls one after the other with nothing but white space and `separator` between them. */
export function severalCalls(readOne: ReadCalls, separator: string): ReadCalls {
  return function* readSeveralCalls(reader) {
    const { source } = reader
    if (!(yield* readOne(reader))) return false
    for (;;) {
      const again = yield* source.attempt(function* readNext() {
        yield* source.while(isBlank)
        if (separator !== '' && !(yield* source.takeIf(separator))) return false
        yield* source.while(isBlank)
        return yield* readOne(reader)
      })
      if (!again) return true
    }
  }
}

/** The first of several ways to read that fits what comes. */
export function firstThatReads(...ways: readonly ReadCalls[]): ReadCalls {
  return function* readFirst(reader) {
    for (const way of ways) {
      if (yield* reader.source.attempt(() => way(reader))) return true
    }
    return false
  }
}

/** Calls behind one of the openers. */
export function openedBy(openers: readonly string[], read: ReadCalls): ReadCalls {
  return function* readOpened(reader) {
    for (const opener of openers) {
      if (yield* reader.source.takeIf(opener)) return yield* read(reader)
    }
    return false
  }
}

/** Calls and what closes them, when it is there. */
export function closedBy(read: ReadCalls, ...closers: readonly string[]): ReadCalls {
  return function* readClosed(reader) {
    if (!(yield* read(reader))) return false
    yield* skipClosers(reader.source, closers)
    return true
  }
}
