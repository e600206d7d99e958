import { setTimeout } from 'node:timers/promises'

/**
 * How the fake backend is told what to do.
 *
 * From its start (`--option name=value`):
 *   start     now | wait (until the test writes `start`) | never | crash | exit:CODE
 *   health    ok | text to answer instead of OK
 *   stdout, stderr   a line to write at once
 *   sigterm   exit | ignore
 *   lifeline  watch (as the node's own backends do) | ignore (as LocalAI's do)
 * From its start or from ModelOptions.Options (`name:value`):
 *   load      ok | wait (until the test writes `load`) | hang | crash | exit:CODE | refuse:TEXT (success false) |
 *             error:TEXT (a failed call)
 *   loading   a line to write to stderr when the load begins
 *   free      ok | hang | unimplemented
 *
 * From a prompt (or, with UseTokenizerTemplate, the last message): a JSON object is a script, any other text is echoed
 * word by word.
 */
export interface PredictScript {
  /** So many replies `t0 `, `t1 `, ... before `replies`. */
  readonly tokens?: number
  /** One reply in so many milliseconds, counted from the first; as fast as they are read when left out. */
  readonly everyMs?: number
  /** `tokens` say when they were sent instead, `@MICROSECONDS `, by the monotonic clock that all processes share. */
  readonly stamped?: boolean
  /** Reply messages as in the proto; `message` is text. Counters left out are counted. */
  readonly replies?: readonly (Readonly<Record<string, unknown>> & { readonly message?: string })[]
  /** What follows the replies. */
  readonly end?: 'normal' | 'crash' | 'exit' | 'hang'
  readonly exitCode?: number
  /** Ends in a failed call; `code` goes into the `localai-error-code` trailer. */
  readonly error?: { readonly status: number; readonly message: string; readonly code?: string }
  /** Trailers, as the node's own backend sends; a LocalAI backend sends none. */
  readonly trailers?: {
    readonly finishReason?: 'stop' | 'length' | 'tool-calls'
    readonly stopSequence?: string
    readonly cachedTokens?: number
  }
}

/** `name=value` or `name:value`, the first separator counts; the last of equal names wins. */
export function optionMap(options: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    options.map((option) => {
      const cut = option.search(/[=:]/)
      return cut < 0 ? [option, ''] : [option.slice(0, cut), option.slice(cut + 1)]
    }),
  )
}

export function toScript(prompt: string): PredictScript {
  if (prompt.startsWith('{')) return JSON.parse(prompt) as PredictScript
  return { replies: (prompt.match(/\S+\s*/g) ?? []).map((message) => ({ message })) }
}

/** An endless script is a large number, so that no list of that size is ever made. */
export function* repliesOf(script: PredictScript): Generator<Readonly<Record<string, unknown>>> {
  let tokens = 0
  for (let index = 0; index < (script.tokens ?? 0); index++) {
    tokens++
    const text = script.stamped === true ? `@${process.hrtime.bigint() / 1000n} ` : `t${index} `
    yield { message: Buffer.from(text), tokens, prompt_tokens: 3 }
  }
  for (const reply of script.replies ?? []) {
    tokens++
    yield { tokens, prompt_tokens: 3, ...reply, message: Buffer.from(reply.message ?? '') }
  }
}

/** Waits before each value is made, so that what it says of the time is true. The pace does not drift. */
export async function* paced<T>(values: Iterable<T>, everyMs: number | undefined): AsyncGenerator<T> {
  const started = performance.now()
  let made = 0
  for (const value of values) {
    yield value
    made++
    const waitMs = everyMs === undefined ? 0 : started + made * everyMs - performance.now()
    if (waitMs > 0) await setTimeout(waitMs)
  }
}
