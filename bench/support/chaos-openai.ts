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

/** Chat completions and completions, streamed with `stream_options.include_usage`; one choice. */
export function readOpenAiStream(text: string, object: 'chat.completion.chunk' | 'text_completion'): Reading {
  const { events, damages: broken } = readEvents(text)
  const damages = [...broken]
  const constant = createConstants(damages)
  const parts = createParts()
  const calls = createCalls(parts, damages)
  let finish = ''
  let usage: Usage | undefined
  let failure: string | undefined
  let ends = 0
  let roles = 0
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
      if (choice.index !== 0) damages.push(`there is a choice ${choice.index}`)
      if (finish !== '') damages.push(`after the finish reason: ${quote(data)}`)
      roles += choice.delta?.role === undefined ? 0 : 1
      readContent({ choice, content: choice.delta, parts, calls })
      if (choice.finish_reason !== null) finish = choice.finish_reason
    }
  }
  const isWhole = ends === 1 && failure === undefined && finish !== ''
  if (ends > 1) damages.push('[DONE] comes more than once')
  if (isWhole && usage === undefined) damages.push('the usage is not told')
  if (isWhole && object === 'chat.completion.chunk' && roles !== 1) damages.push(`the role is told ${roles} times`)
  return { answer: { parts: parts.all, finish, usage }, isWhole, failure, damages }
}

/** The same, as one body. */
export function readOpenAiBody(text: string): Reading {
  const damages: string[] = []
  const body = parseJson<Body>(text, damages) ?? {}
  const parts = createParts()
  const calls = createCalls(parts, damages)
  const [choice, ...more] = body.choices ?? []
  if (more.length > 0) damages.push(`there are ${more.length + 1} choices`)
  if (choice !== undefined) readContent({ choice, content: choice.message, parts, calls })
  const answer: Answer = {
    parts: parts.all,
    finish: choice?.finish_reason ?? '',
    usage: body.usage === undefined || body.usage === null ? undefined : usageOf(body.usage),
  }
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
