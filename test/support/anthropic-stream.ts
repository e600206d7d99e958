import assert from 'node:assert/strict'
import { Compile } from 'typebox/compile'
import { type ContentBlock, type MessageAnswer, StreamEvent } from '../../src/api/anthropic/response-schema.ts'

const validator = Compile(StreamEvent)

/** The events of a stream's text; each is of a form that is declared, and says its name twice. */
export function parseStream(text: string): StreamEvent[] {
  assert.ok(text.endsWith('\n\n'))
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((part) => {
      const [, name, json] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? []
      const event: unknown = JSON.parse(json ?? 'null')
      assert.ok(validator.Check(event), `no event of ours: ${part}`)
      assert.equal(event.type, name)
      return event
    })
}

interface ReadStream {
  readonly message: MessageAnswer
  readonly failed: boolean
}

/**
 * Reads a stream as the documentation describes it, and fails where its order is another: one `message_start`; blocks one
 * after the other, numbered from 0, each started, written and stopped; one `message_delta`; one `message_stop`. An
 * `error` may come anywhere after the start, and is the end.
 */
export function readStream(text: string): ReadStream {
  const [first, ...events] = parseStream(text)
  assert.equal(first?.type, 'message_start')
  assert.ok(first.type === 'message_start')
  const { message } = first
  assert.equal(message.content.length, 0)
  assert.equal(message.stop_reason, null)
  let open: OpenBlock | undefined
  let ended: 'delta' | 'stop' | 'error' | undefined
  for (const event of events) {
    assert.ok(
      ended === undefined || (ended === 'delta' && event.type === 'message_stop'),
      `${event.type} after the end`,
    )
    switch (event.type) {
      case 'ping':
        break
      case 'content_block_start':
        assert.equal(open, undefined)
        assert.equal(event.index, message.content.length)
        open = { block: event.content_block, json: '' }
        break
      case 'content_block_delta':
        assert.equal(event.index, message.content.length)
        assert.ok(open !== undefined)
        apply(open, event.delta)
        break
      case 'content_block_stop':
        assert.equal(event.index, message.content.length)
        assert.ok(open !== undefined)
        message.content.push(open.block.type === 'tool_use' ? { ...open.block, input: open.json } : open.block)
        open = undefined
        break
      case 'message_delta':
        assert.equal(open, undefined)
        Object.assign(message, event.delta, { usage: event.usage })
        ended = 'delta'
        break
      case 'message_stop':
        assert.equal(ended, 'delta')
        ended = 'stop'
        break
      case 'error':
        ended = 'error'
        break
      default:
        assert.fail(`${event.type} in the midst of a stream`)
    }
  }
  assert.ok(ended === 'stop' || ended === 'error')
  return { message, failed: ended === 'error' }
}

interface OpenBlock {
  readonly block: ContentBlock
  json: string
}

type Delta = Extract<StreamEvent, { type: 'content_block_delta' }>['delta']

function apply(open: OpenBlock, delta: Delta): void {
  const { block } = open
  if (block.type === 'text' && delta.type === 'text_delta') block.text += delta.text
  else if (block.type === 'thinking' && delta.type === 'thinking_delta') block.thinking += delta.thinking
  else if (block.type === 'thinking' && delta.type === 'signature_delta') block.signature = delta.signature
  else if (block.type === 'tool_use' && delta.type === 'input_json_delta') open.json += delta.partial_json
  else assert.fail(`a ${delta.type} in a block of type ${block.type}`)
}
