/** Right answers of four dialects, event by event, as short as they can be. */

interface NamedEvent {
  readonly type: string
  readonly [field: string]: unknown
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`
const named = (value: NamedEvent): string => `event: ${value.type}\n${data(value)}`
const DONE = 'data: [DONE]\n\n'

const chunk = (choice: object | undefined, usage: object | null = null): string =>
  data({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: choice === undefined ? [] : [{ index: 0, finish_reason: null, ...choice }],
    usage,
  })

export const chat: readonly string[] = [
  chunk({ delta: { role: 'assistant', content: '' } }),
  chunk({ delta: { content: 'one' } }),
  chunk({ delta: { content: ' two' } }),
  chunk({ delta: { content: ' three' } }),
  chunk({ delta: {}, finish_reason: 'stop' }),
  chunk(undefined, { prompt_tokens: 7, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 2 } }),
  DONE,
]

const piece = (choice: object | undefined, usage: object | null = null): string =>
  data({
    id: 'cmpl-1',
    object: 'text_completion',
    created: 1,
    model: 'm',
    choices: choice === undefined ? [] : [{ index: 0, finish_reason: null, ...choice }],
    usage,
  })

export const completion: readonly string[] = [
  piece({ text: 'one' }),
  piece({ text: ' two' }),
  piece({ text: '', finish_reason: 'length' }),
  piece(undefined, { prompt_tokens: 7, completion_tokens: 2 }),
  DONE,
]

export const anthropic: readonly string[] = [
  named({ type: 'message_start', message: { id: 'msg_1', content: [], stop_reason: null } }),
  named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'one' } }),
  named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' two' } }),
  named({ type: 'content_block_stop', index: 0 }),
  named({
    type: 'content_block_start',
    index: 1,
    content_block: { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} },
  }),
  named({ type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"city":' } }),
  named({ type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '"Oslo"}' } }),
  named({ type: 'content_block_stop', index: 1 }),
  named({
    type: 'message_delta',
    delta: { stop_reason: 'tool_use' },
    usage: { input_tokens: 20, cache_read_input_tokens: 6, output_tokens: 9 },
  }),
  named({ type: 'message_stop' }),
]

const response = (status: string, output: readonly object[], usage: object | null = null) => ({
  response: { id: 'resp_1', created_at: 1, status, output, usage, error: null },
})
const ITEM = { id: 'msg_1', type: 'message' }
const WHOLE = { ...ITEM, content: [{ type: 'output_text', text: 'one two' }] }

export const responses: readonly string[] = [
  { type: 'response.created', ...response('in_progress', []) },
  { type: 'response.output_item.added', output_index: 0, item: { ...ITEM, content: [] } },
  { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', delta: 'one' },
  { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', delta: ' two' },
  { type: 'response.output_text.done', output_index: 0, item_id: 'msg_1', text: 'one two' },
  { type: 'response.output_item.done', output_index: 0, item: WHOLE },
  { type: 'response.completed', ...response('completed', [WHOLE], { input_tokens: 7, output_tokens: 2 }) },
]
  .map((event, sequence_number) => named({ ...event, sequence_number }))
  .concat(DONE)
