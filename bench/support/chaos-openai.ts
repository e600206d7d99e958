import { type Answer, createParts, type Parts, type Reading, type Usage } from './chaos-answer.ts'
import { createConstants, parseJson, quote, readEvents } from './chaos-events.ts'

interface Call {
  readonly index?: number
  readonly id?: string
  readonly function?: { readonly name?: string; readonly arguments?: string }
}

interface Content {
  readonly role?: string
  readonly content?: string | null
  readonly reasoning?: string | null
  readonly tool_calls?: readonly Call[]
}

interface LogProbabilities {
  readonly content?: readonly { readonly token: string; readonly top_logprobs?: readonly unknown[] }[]
}

interface Choice {
  readonly index: number
  readonly delta?: Content
  readonly message?: Content
  readonly text?: string
  readonly logprobs?: LogProbabilities | null
  readonly finish_reason: string | null
}

interface Body {
  readonly id?: string
  readonly object?: string
  readonly created?: number
  readonly model?: string
  readonly system_fingerprint?: string
  readonly choices?: readonly Choice[]
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null
  readonly error?: { readonly message?: string }
}

/** Chat completions and completions, streamed with `stream_options.include_usage`. */
export function readOpenAiStream(text: string, object: 'chat.completion.chunk' | 'text_completion'): Reading {
  const { events, damages: broken } = readEvents(text)
  const damages = [...broken]
  const constant = createConstants(damages)
  const choices = createChoices(damages)
  let usage: Usage | undefined
  let failure: string | undefined
  let ends = 0
  for (const { name, data } of events) {
    if (ends > 0) damages.push(`after [DONE]: ${quote(data)}`)
    if (name !== undefined) damages.push(`an event has the name ${name}`)
    if (data === '[DONE]') {
      ends += 1
      continue
    }
    const chunk = parseJson<Body>(data, damages)
    if (chunk === undefined) continue
    if (chunk.error !== undefined) {
      failure = chunk.error.message ?? 'an error without a message'
      continue
    }
    for (const field of ['id', 'object', 'created', 'model', 'system_fingerprint'] as const)
      constant(field, chunk[field])
    if (chunk.object !== object) damages.push(`the object is ${quote(String(chunk.object))}`)
    if (chunk.usage !== undefined && chunk.usage !== null) {
      if (usage !== undefined) damages.push('the usage is told twice')
      usage = usageOf(chunk.usage)
    }
    for (const choice of chunk.choices ?? []) {
      if (choices.hasEnded(choice)) damages.push(`after the finish reason: ${quote(data)}`)
      choices.read(choice, choice.delta)
    }
  }
  const isWhole = ends === 1 && failure === undefined && choices.allEnded()
  if (ends > 1) damages.push('[DONE] comes more than once')
  if (isWhole && usage === undefined) damages.push('the usage is not told')
  if (isWhole && object === 'chat.completion.chunk') choices.checkRoles()
  return { answer: choices.answer(usage), isWhole, failure, damages }
}

/** What is known of each choice; that of the first one under the names of an answer that has only one. */
function createChoices(damages: string[]) {
  const known = new Map<number, KnownChoice>()
  // In which order several choices speak is chance.
  const inOrder = () => [...known].toSorted(([one], [other]) => one - other)
  return {
    hasEnded: ({ index }: Choice): boolean => (known.get(index)?.finish ?? '') !== '',
    allEnded: (): boolean => known.size > 0 && [...known.values()].every(({ finish }) => finish !== ''),
    checkRoles(): void {
      for (const { roles } of known.values()) if (roles !== 1) damages.push(`the role is told ${roles} times`)
    },
    read(choice: Choice, content: Content | undefined): void {
      const one = known.get(choice.index) ?? createKnownChoice(damages)
      known.set(choice.index, one)
      one.roles += content?.role === undefined ? 0 : 1
      one.finish = choice.finish_reason ?? one.finish
      readContent({ choice, content, ...one })
    },
    answer: (usage: Usage | undefined): Answer => ({
      parts: Object.fromEntries(
        inOrder().flatMap(([index, { parts }]) =>
          Object.entries(parts.all).map(([name, text]) => [index === 0 ? name : `choice ${index} ${name}`, text]),
        ),
      ),
      finish: inOrder()
        .map(([, { finish }]) => finish)
        .join(),
      usage,
    }),
  }
}

interface KnownChoice {
  readonly parts: Parts
  readonly calls: (calls: readonly Call[]) => void
  roles: number
  finish: string
}

function createKnownChoice(damages: string[]): KnownChoice {
  const parts = createParts()
  return { parts, calls: createCalls(parts, damages), roles: 0, finish: '' }
}

/** The same, as one body. */
export function readOpenAiBody(text: string): Reading {
  const damages: string[] = []
  const body = parseJson<Body>(text, damages) ?? {}
  const choices = createChoices(damages)
  for (const choice of body.choices ?? []) choices.read(choice, choice.message)
  const answer = choices.answer(body.usage === undefined || body.usage === null ? undefined : usageOf(body.usage))
  return { answer, isWhole: answer.finish !== '', failure: body.error?.message, damages }
}

function readContent(read: {
  readonly choice: Choice
  readonly content: Content | undefined
  readonly parts: Parts
  readonly calls: (calls: readonly Call[]) => void
}): void {
  const { choice, content, parts } = read
  const text = choice.text ?? content?.content ?? ''
  if (text !== '') parts.add('text', text)
  if (content?.reasoning) parts.add('reasoning', content.reasoning)
  read.calls(content?.tool_calls ?? [])
  for (const { token, top_logprobs = [] } of choice.logprobs?.content ?? [])
    parts.add('log probabilities', `${token}\u0000${top_logprobs.length}\u0000`)
}

/** The pieces of a call come by its number; its id and its name are in the first one only. */
function createCalls(parts: Parts, damages: string[]): (calls: readonly Call[]) => void {
  const names: string[] = []
  return (calls) => {
    for (const [at, call] of calls.entries()) {
      const index = call.index ?? at
      const known = names[index]
      if (known === undefined) {
        if (index !== names.length) damages.push(`call ${index} comes after ${names.length} calls`)
        if (!call.id) damages.push(`call ${index} has no id`)
        names[index] = `call ${index} ${call.function?.name}`
      } else if (call.id || call.function?.name) damages.push(`call ${index} begins twice`)
      parts.add(names[index] ?? '', call.function?.arguments ?? '')
    }
  }
}

function usageOf(usage: NonNullable<Body['usage']>): Usage {
  return { prompt: usage.prompt_tokens, generated: usage.completion_tokens }
}
