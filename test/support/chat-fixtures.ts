import { readFileSync } from 'node:fs'
import {
  type ChatDelta,
  type ChatFormat,
  type ChatTool,
  createChatFormat,
  type OutputParser,
} from '../../src/builtin/llama-cpp/chat-format/chat-format.ts'
import type { TemplateClock } from '../../src/builtin/llama-cpp/chat-format/template-engine.ts'

export const weatherTool: ChatTool = {
  name: 'get_weather',
  description: 'Get the weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}

/** Values of every kind, some optional. */
export const planTool: ChatTool = {
  name: 'plan_trip',
  parameters: {
    type: 'object',
    properties: {
      to: { type: 'string' },
      days: { type: 'integer', minimum: 1, maximum: 30 },
      by: { type: 'string', enum: ['train', 'boat'] },
      stops: { type: 'array', items: { type: 'string', maxLength: 8 }, maxItems: 2 },
      budget: { type: 'object', properties: { euros: { type: 'number', minimum: 0 } }, required: ['euros'] },
    },
    required: ['to', 'stops'],
  },
}

export function templateText(name: string): string {
  return readFileSync(new URL(`../fixtures/chat-templates/${name}.jinja`, import.meta.url), 'utf8').trimEnd()
}

export const stillClock: TemplateClock = { now: () => new Date(2026, 1, 3, 4, 5, 6), elapsedMs: () => 0 }

/** A format whose call ids count up and whose clock stands still. */
export function fixtureFormat(name: string, template: string = templateText(name)): ChatFormat {
  let calls = 0
  const newCallId = (): string => {
    calls += 1
    return `call_${calls}`
  }
  return createChatFormat({ template, bosToken: '<s>', eosToken: '</s>' }, { clock: stillClock, newCallId })
}

/** What deltas add up to. */
export interface ReadAnswer {
  readonly content: string
  readonly reasoning: string
  readonly calls: readonly { readonly name: string; readonly arguments: string }[]
}

export function joinDeltas(deltas: readonly ChatDelta[]): ReadAnswer {
  let content = ''
  let reasoning = ''
  const calls: { name: string; arguments: string }[] = []
  for (const delta of deltas) {
    if (delta.type === 'content') content += delta.text
    else if (delta.type === 'reasoning') reasoning += delta.text
    else if (delta.type === 'tool-call-start') calls[delta.index] = { name: delta.name, arguments: '' }
    else {
      const call = calls[delta.index]
      if (call === undefined) throw new Error('arguments before their call')
      call.arguments += delta.text
    }
  }
  return { content, reasoning, calls }
}

export function readPieces(parser: OutputParser, pieces: readonly string[]): ReadAnswer {
  return joinDeltas([...pieces.flatMap((piece) => parser.push(piece)), ...parser.finish()])
}
