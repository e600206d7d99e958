import { createParts, type Parts, type Reading, type Usage } from './chaos-answer.ts'
import { parseJson, readEvents } from './chaos-events.ts'

interface Block {
  readonly type: string
  readonly name?: string
  readonly text?: string
  readonly thinking?: string
  readonly input?: unknown
}

interface TokenCounts {
  readonly input_tokens?: number
  readonly cache_creation_input_tokens?: number
  readonly cache_read_input_tokens?: number
  readonly output_tokens?: number
}

interface Message {
  readonly id?: string
  readonly content?: readonly Block[]
  readonly stop_reason?: string | null
  readonly usage?: TokenCounts
  readonly error?: { readonly message?: string }
}

interface Event {
  readonly type?: string
  readonly index?: number
  readonly message?: Message
  readonly content_block?: Block
  readonly delta?: {
    readonly type?: string
    readonly text?: string
    readonly thinking?: string
    readonly partial_json?: string
    readonly stop_reason?: string | null
  }
  readonly usage?: TokenCounts
  readonly error?: { readonly message?: string }
}

/** Where an event may come, by the order that Anthropic's documentation of streaming gives. */
type Stage = 'nothing' | 'between' | 'block' | 'delta' | 'end'

const ALLOWED: Readonly<Record<string, { readonly at: Stage; readonly next: Stage }>> = {
  message_start: { at: 'nothing', next: 'between' },
  content_block_start: { at: 'between', next: 'block' },
  content_block_delta: { at: 'block', next: 'block' },
  content_block_stop: { at: 'block', next: 'between' },
  message_delta: { at: 'between', next: 'delta' },
  message_stop: { at: 'delta', next: 'end' },
}

/** A stream of `/v1/messages`. */
export function readMessageStream(text: string): Reading {
  const { events, damages: broken } = readEvents(text)
  const damages = [...broken]
  const parts = createParts()
  let stage: Stage = 'nothing'
  let block = ''
  let blocks = 0
  let finish = ''
  let usage: Usage | undefined
  let failure: string | undefined
  for (const { name, data } of events) {
    const event = parseJson<Event>(data, damages)
    if (event === undefined || event.type === 'ping') continue
    if (event.type !== name) damages.push(`an event ${event.type} has the name ${name}`)
    if (event.type === 'error') {
      failure = event.error?.message ?? 'an error without a message'
      continue
    }
    const allowed = ALLOWED[event.type ?? '']
    if (allowed?.at !== stage) damages.push(`${event.type} comes at ${stage}`)
    stage = allowed?.next ?? stage
    if (event.type === 'content_block_start') {
      if (event.index !== blocks) damages.push(`block ${event.index} comes after ${blocks} blocks`)
      block = nameOf(event.content_block, blocks)
      parts.add(block, '')
      blocks += 1
    } else if (event.index !== undefined && event.index !== blocks - 1) {
      damages.push(`${event.type} of block ${event.index} in block ${blocks - 1}`)
    }
    const { delta } = event
    if (event.type === 'content_block_delta')
      parts.add(block, delta?.text ?? delta?.partial_json ?? delta?.thinking ?? '')
    if (event.type !== 'message_delta') continue
    finish = delta?.stop_reason ?? ''
    usage = usageOf(event.usage)
  }
  return { answer: { parts: parts.all, finish, usage }, isWhole: stage === 'end', failure, damages }
}

/** A whole message. */
export function readMessage(text: string): Reading {
  const damages: string[] = []
  const message = parseJson<Message>(text, damages) ?? {}
  const parts = createParts()
  for (const [index, block] of (message.content ?? []).entries()) addBlock(parts, block, index)
  const finish = message.stop_reason ?? ''
  const answer = { parts: parts.all, finish, usage: usageOf(message.usage) }
  return { answer, isWhole: finish !== '', failure: message.error?.message, damages }
}

function addBlock(parts: Parts, block: Block, index: number): void {
  const text = block.text ?? block.thinking ?? JSON.stringify(block.input ?? {})
  parts.add(nameOf(block, index), text)
}

function nameOf(block: Block | undefined, index: number): string {
  return `${index} ${block?.type}${block?.name === undefined ? '' : ` ${block.name}`}`
}

/** What was read from a cache is counted apart there. */
function usageOf(counts: TokenCounts = {}): Usage {
  const { input_tokens = 0, cache_creation_input_tokens = 0, cache_read_input_tokens = 0, output_tokens = 0 } = counts
  return { prompt: input_tokens + cache_creation_input_tokens + cache_read_input_tokens, generated: output_tokens }
}
