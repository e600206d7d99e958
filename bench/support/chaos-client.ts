import type { Outcome } from './chaos-check.ts'

export interface Call {
  readonly url: string
  readonly fetch: typeof fetch
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
  /** So long the client waits for the end. */
  readonly patienceMs: number
  /** Told after every piece of the body; the number counts the events so far. */
  readonly onEvents?: (events: number, node: string) => void
}

/** What one call gave, and when; times since the call. */
export interface Heard extends Outcome {
  /** The one that began the answer; empty when none did. */
  readonly node: string
  /** How many nodes were tried before the first byte. */
  readonly tries: number
  readonly firstByteMs: number
  /** Between two pieces of the body. */
  readonly largestGapMs: number
  readonly largestGapAtMs: number
  readonly events: number
}

/** Asks once, and reads to the end whatever the end is. Never throws. */
export async function ask(call: Call): Promise<Heard> {
  const began = performance.now()
  const since = (): number => performance.now() - began
  const decoder = new TextDecoder()
  const heard = {
    status: 0,
    text: '',
    isEnded: false,
    problem: undefined as string | undefined,
    node: '',
    tries: 1,
    firstByteMs: 0,
    largestGapMs: 0,
    largestGapAtMs: 0,
    events: 0,
  }
  try {
    const response = await call.fetch(call.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...call.headers },
      body: JSON.stringify(call.body),
      signal: AbortSignal.timeout(call.patienceMs),
    })
    heard.status = response.status
    heard.node = response.headers.get('x-localai-node') ?? ''
    heard.tries = Number(response.headers.get('x-localai-tries') ?? 1)
    let last = 0
    for await (const bytes of response.body ?? []) {
      const now = since()
      if (last === 0) heard.firstByteMs = now
      else if (now - last > heard.largestGapMs) {
        heard.largestGapMs = now - last
        heard.largestGapAtMs = last
      }
      last = now
      const piece = decoder.decode(bytes, { stream: true })
      heard.text += piece
      heard.events += piece.split('\n\n').length - 1
      call.onEvents?.(heard.events, heard.node)
    }
    heard.isEnded = true
  } catch (error) {
    heard.problem = problemOf(error)
  }
  return { ...heard, totalMs: since() }
}

function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message
}
