import { isObject } from '../../base/json.ts'
import type { InferenceEvent } from '../../inference/events.ts'
import { createThoughtSignature, toToolUseId } from './from-inference.ts'
import type { BlockDelta, BlockEvent, ContentBlock } from './response-schema.ts'

export type DeltaEvent = Exclude<InferenceEvent, { readonly type: 'finish' }>

export interface BlockWriter {
  push(event: DeltaEvent): readonly BlockEvent[]
  /** Once, after the last event. */
  end(): readonly BlockEvent[]
}

/**
 * Cuts an answer into content blocks, each started, written and stopped before the next one starts, numbered from 0;
 * there is always at least one. What comes while a call is half written (calls may come in turns) waits until its
 * arguments are whole, so nothing is lost and nothing overlaps.
 */
export function createBlockWriter(init: { readonly showsThinking: boolean }): BlockWriter {
  /** The first is being written. */
  const waiting: Block[] = []
  let index = 0
  let started = false

  function last(key: string, create: () => Block): Block {
    const newest = waiting.at(-1)
    if (newest?.key === key) return newest
    const created = create()
    waiting.push(created)
    return created
  }

  function take(event: DeltaEvent): void {
    switch (event.type) {
      case 'text-delta':
        if (event.text !== '') last('text', createTextBlock).add(event.text)
        break
      case 'reasoning-delta':
        last('thinking', () => createThinkingBlock(init)).add(event.text)
        break
      case 'tool-call-start':
        waiting.push(createToolBlock(event))
        break
      case 'tool-call-delta':
        waiting.find(({ key }) => key === toolKey(event.index))?.add(event.arguments)
        break
      default:
        event satisfies never
    }
  }

  function* write(ending: boolean): Generator<BlockEvent> {
    for (let block = waiting[0]; block !== undefined; block = waiting[0]) {
      if (!started) yield { type: 'content_block_start', index, content_block: block.start() }
      started = true
      for (const delta of block.take()) yield { type: 'content_block_delta', index, delta }
      if (!ending && (waiting.length === 1 || !block.isWhole())) return
      for (const delta of block.ending()) yield { type: 'content_block_delta', index, delta }
      yield { type: 'content_block_stop', index }
      waiting.shift()
      index += 1
      started = false
    }
  }

  return {
    push(event) {
      take(event)
      return [...write(false)]
    },
    end() {
      if (index === 0 && waiting.length === 0) waiting.push(createTextBlock())
      return [...write(true)]
    },
  }
}

interface Block {
  readonly key: string
  start(): ContentBlock
  add(text: string): void
  /** What was added and not yet taken. */
  take(): readonly BlockDelta[]
  /** Nothing more can come for it once another block has begun. */
  isWhole(): boolean
  ending(): readonly BlockDelta[]
}

function createTextBlock(): Block {
  const unsent = createUnsent()
  return {
    key: 'text',
    start: () => ({ type: 'text', text: '' }),
    add: unsent.add,
    take: () => unsent.take((text) => ({ type: 'text_delta', text })),
    isWhole: () => true,
    ending: () => [],
  }
}

function createThinkingBlock({ showsThinking }: { readonly showsThinking: boolean }): Block {
  const unsent = createUnsent()
  const signature = createThoughtSignature()
  return {
    key: 'thinking',
    start: () => ({ type: 'thinking', thinking: '', signature: '' }),
    add(text) {
      signature.add(text)
      if (showsThinking) unsent.add(text)
    },
    take: () => unsent.take((thinking) => ({ type: 'thinking_delta', thinking })),
    isWhole: () => true,
    ending: () => [{ type: 'signature_delta', signature: signature.text() }],
  }
}

function createToolBlock(event: Extract<DeltaEvent, { readonly type: 'tool-call-start' }>): Block {
  const unsent = createUnsent()
  let written = ''
  return {
    key: toolKey(event.index),
    start: () => ({ type: 'tool_use', id: toToolUseId(event.id), name: event.name, input: {} }),
    add(text) {
      written += text
      unsent.add(text)
    },
    take: () => unsent.take((json) => ({ type: 'input_json_delta', partial_json: json })),
    isWhole: () => isWholeObject(written),
    ending: () => [],
  }
}

function toolKey(call: number): string {
  return `tool ${call}`
}

function createUnsent() {
  let unsent = ''
  return {
    add(text: string): void {
      unsent += text
    },
    take(toDelta: (text: string) => BlockDelta): readonly BlockDelta[] {
      if (unsent === '') return []
      const delta = toDelta(unsent)
      unsent = ''
      return [delta]
    },
  }
}

/** No beginning of a JSON object is itself one, so nothing more belongs to it. */
function isWholeObject(json: string): boolean {
  if (!json.trimEnd().endsWith('}')) return false
  try {
    return isObject(JSON.parse(json))
  } catch {
    return false
  }
}
