import type { Answer, Reading } from './chaos-answer.ts'
import { readMessage, readMessageStream } from './chaos-anthropic.ts'
import { readOpenAiBody, readOpenAiStream } from './chaos-openai.ts'
import { readResponse, readResponseStream } from './chaos-responses.ts'

/** One way to ask, and how to read what comes back. */
export interface Kind {
  readonly name: string
  readonly path: string
  readonly stream: boolean
  readonly read: (text: string) => Reading
  readonly body: (prompt: string) => Readonly<Record<string, unknown>>
  /** Asks again with a stop string, taken from the answer without one. */
  readonly stops?: true
}

/** One request with the answer that an undisturbed network gives. */
export interface KnownRequest {
  readonly kind: Kind
  readonly name: string
  readonly body: Readonly<Record<string, unknown>>
  readonly answer: Answer
  /** Events or, in a whole answer, 0. */
  readonly events: number
}

/** Long values with bounds, so that a model of random weights fills them and then ends. */
const SCHEMA = {
  type: 'object',
  properties: {
    city: { type: 'string', minLength: 60, maxLength: 80 },
    days: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 9999 }, minItems: 5, maxItems: 9 },
  },
  required: ['city', 'days'],
  additionalProperties: false,
}
const DESCRIPTION = 'Tells the weather.'
const CHAT_TOOLS = {
  tools: [{ type: 'function', function: { name: 'weather', description: DESCRIPTION, parameters: SCHEMA } }],
  tool_choice: { type: 'function', function: { name: 'weather' } },
}
/** Free to call or not: held to the calls' syntax, and, with a schema, to one of the two. */
const FREE_TOOLS = {
  tools: CHAT_TOOLS.tools.map(({ type, function: tool }) => ({ type, function: { ...tool, strict: true } })),
}
const MESSAGE_TOOLS = {
  tools: [{ name: 'weather', description: DESCRIPTION, input_schema: SCHEMA }],
  tool_choice: { type: 'tool', name: 'weather' },
}
const RESPONSE_TOOLS = {
  tools: [{ type: 'function', name: 'weather', description: DESCRIPTION, parameters: SCHEMA }],
  tool_choice: { type: 'function', name: 'weather' },
}
const CHAT_SCHEMA = {
  response_format: { type: 'json_schema', json_schema: { name: 'weather', strict: true, schema: SCHEMA } },
}
const RESPONSE_SCHEMA = { text: { format: { type: 'json_schema', name: 'weather', strict: true, schema: SCHEMA } } }

/** All dialects, greedy; `tokens` is the longest answer. */
export function kindsOf(model: string, tokens: number): readonly Kind[] {
  const chat = (name: string, more: object, { stream = true, stops = false } = {}): Kind => ({
    name: `chat ${name}`,
    path: '/v1/chat/completions',
    stream,
    read: stream ? (text) => readOpenAiStream(text, 'chat.completion.chunk') : readOpenAiBody,
    body: (prompt) => ({
      model,
      temperature: 0,
      max_tokens: tokens,
      messages: [{ role: 'user', content: prompt }],
      ...streaming(stream),
      ...more,
    }),
    ...(stops ? { stops: true } : {}),
  })
  const completion = (name: string, stream: boolean, prompts = 1): Kind => ({
    name: `completion ${name}`,
    path: '/v1/completions',
    stream,
    read: stream ? (text) => readOpenAiStream(text, 'text_completion') : readOpenAiBody,
    body: (prompt) => ({
      model,
      temperature: 0,
      max_tokens: tokens,
      prompt: prompts === 1 ? prompt : Array.from({ length: prompts }, (_, at) => `${at} ${prompt}`),
      ...streaming(stream),
    }),
  })
  const message = (name: string, more: object, stream = true): Kind => ({
    name: `messages ${name}`,
    path: '/v1/messages',
    stream,
    read: stream ? readMessageStream : readMessage,
    body: (prompt) => ({
      model,
      temperature: 0,
      max_tokens: tokens,
      stream,
      messages: [{ role: 'user', content: prompt }],
      ...more,
    }),
  })
  const response = (name: string, more: object, stream = true): Kind => ({
    name: `responses ${name}`,
    path: '/v1/responses',
    stream,
    read: stream ? readResponseStream : readResponse,
    body: (prompt) => ({ model, temperature: 0, max_output_tokens: tokens, stream, input: prompt, ...more }),
  })
  return [
    chat('stream', {}),
    chat('stream tool', CHAT_TOOLS),
    chat('stream schema', CHAT_SCHEMA),
    chat('stream strict tool', FREE_TOOLS),
    chat('stream schema or tool', { ...CHAT_SCHEMA, ...FREE_TOOLS }),
    chat('stream logprobs', { logprobs: true, top_logprobs: 2 }),
    chat('stream stop', {}, { stops: true }),
    chat('stream choices', { n: 2 }),
    chat('whole', {}, { stream: false }),
    chat('whole tool', CHAT_TOOLS, { stream: false }),
    completion('stream', true),
    completion('stream prompts', true, 3),
    completion('whole', false),
    completion('whole prompts', false, 3),
    message('stream', {}),
    message('stream tool', MESSAGE_TOOLS),
    message('whole', {}, false),
    response('stream', {}),
    response('stream tool', RESPONSE_TOOLS),
    response('stream schema', RESPONSE_SCHEMA),
    response('whole', {}, false),
  ]
}

function streaming(stream: boolean): object {
  return stream ? { stream: true, stream_options: { include_usage: true } } : {}
}
