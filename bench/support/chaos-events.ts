/** One event of an event stream. */
export interface StreamEvent {
  readonly name: string | undefined
  readonly data: string
}

export interface ReadEvents {
  readonly events: readonly StreamEvent[]
  /** What is no event stream by the rules of the HTML standard, section 9.2, as our dialects use it. */
  readonly damages: readonly string[]
}

const LONGEST_QUOTE = 120

/** Takes an event stream apart: each event is a line of data, and at most one line with a name before it. */
export function readEvents(text: string): ReadEvents {
  const events: StreamEvent[] = []
  const damages: string[] = []
  const parts = text.split('\n\n')
  const rest = parts.pop() ?? ''
  if (rest !== '') damages.push(`the stream ends inside an event: ${quote(rest)}`)
  for (const part of parts) {
    const lines = part.split('\n').filter((line) => !line.startsWith(':'))
    if (lines.length === 0) continue
    const [, name, data] = /^(?:event: ([\w.]+)\n)?data: (.+)$/.exec(lines.join('\n')) ?? []
    if (data === undefined) damages.push(`no event: ${quote(part)}`)
    else events.push({ name, data })
  }
  return { events, damages }
}

export function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text)
}

/** A field that says the same in all events of a stream; the first one decides. */
export function createConstants(damages: string[]): (name: string, value: unknown) => void {
  const known = new Map<string, unknown>()
  return (name, value) => {
    if (!known.has(name)) known.set(name, value)
    else if (known.get(name) !== value)
      damages.push(`${name} was ${quote(String(known.get(name)))} and is ${quote(String(value))}`)
  }
}

/** The shape is what the reader expects; what is missing there shows in what it reads. */
export function parseJson<T extends object>(data: string, damages: string[]): T | undefined {
  try {
    const value: unknown = JSON.parse(data)
    if (typeof value === 'object' && value !== null) return value as T
  } catch {
    // Told below, like everything else that is no object.
  }
  damages.push(`no JSON object: ${quote(data)}`)
  return undefined
}
