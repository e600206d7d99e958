import { type Static, type TSchema, Type } from 'typebox'

// What clients send us, as in Anthropic's Messages API. Unknown fields pass (`cache_control`, `service_tier`, …), and
// `null` means absent. The limits on counts are far above honest use; the body limit bounds the rest.

const MAX_MESSAGES = 10_000
const MAX_BLOCKS = 4096
const MAX_TOOLS = 1024
const MAX_STOP_SEQUENCES = 128
const MAX_TOKEN_ID = 2 ** 31 - 1

function maybe<T extends TSchema>(schema: T) {
  return Type.Optional(Type.Union([schema, Type.Null()]))
}

const ShortText = Type.String({ maxLength: 512 })
const AnyObject = Type.Record(Type.String(), Type.Unknown())

const block = {
  type: ShortText,
  text: maybe(Type.String()),
  /** Of an image or a document. */
  source: maybe(Type.Object({ type: ShortText, data: maybe(Type.String()) })),
  title: maybe(Type.String()),
}

/** A part of what a tool gave back. */
const ResultBlock = Type.Object(block)
export type ResultBlock = Static<typeof ResultBlock>

/** All kinds of block in one: which fields a kind needs is checked where it is read. */
const ContentBlock = Type.Object({
  ...block,
  thinking: maybe(Type.String()),
  id: maybe(ShortText),
  name: maybe(ShortText),
  input: Type.Optional(Type.Unknown()),
  tool_use_id: maybe(ShortText),
  content: maybe(Type.Union([Type.String(), Type.Array(ResultBlock, { maxItems: MAX_BLOCKS })])),
  is_error: maybe(Type.Boolean()),
})
export type ContentBlock = Static<typeof ContentBlock>

const Message = Type.Object({
  role: Type.Enum(['user', 'assistant', 'system']),
  content: Type.Union([Type.String(), Type.Array(ContentBlock, { maxItems: MAX_BLOCKS })]),
})
export type Message = Static<typeof Message>

const Tool = Type.Object({
  /** Absent or `custom`; the tools that Anthropic defines are refused. */
  type: maybe(ShortText),
  name: Type.String({ minLength: 1, maxLength: 256 }),
  description: maybe(Type.String()),
  input_schema: maybe(AnyObject),
  strict: maybe(Type.Boolean()),
})
export type Tool = Static<typeof Tool>

const OutputFormat = Type.Object({ type: Type.Enum(['json_schema']), schema: AnyObject })

const conversation = {
  /** Required; it may also stand in the query. */
  model: maybe(Type.String({ maxLength: 512 })),
  messages: Type.Array(Message, { minItems: 1, maxItems: MAX_MESSAGES }),
  system: maybe(Type.Union([Type.String(), Type.Array(ResultBlock, { maxItems: MAX_BLOCKS })])),
  tools: maybe(Type.Array(Tool, { maxItems: MAX_TOOLS })),
  tool_choice: maybe(
    Type.Object({
      type: Type.Enum(['auto', 'any', 'tool', 'none']),
      name: maybe(ShortText),
      disable_parallel_tool_use: maybe(Type.Boolean()),
    }),
  ),
  thinking: maybe(
    Type.Object({
      type: Type.Enum(['enabled', 'disabled', 'adaptive', 'between_tools']),
      display: maybe(Type.Enum(['summarized', 'omitted'])),
    }),
  ),
  output_config: maybe(Type.Object({ effort: maybe(ShortText), format: maybe(OutputFormat) })),
  /** What `output_config.format` was called before. */
  output_format: maybe(OutputFormat),
}

export const CountTokensRequest = Type.Object(conversation)
export type CountTokensRequest = Static<typeof CountTokensRequest>

export const MessagesRequest = Type.Object({
  ...conversation,
  max_tokens: Type.Integer({ minimum: 1, maximum: MAX_TOKEN_ID }),
  stream: maybe(Type.Boolean()),
  temperature: maybe(Type.Number({ minimum: 0, maximum: 100 })),
  top_p: maybe(Type.Number({ minimum: 0, maximum: 1 })),
  top_k: maybe(Type.Integer({ minimum: -1, maximum: MAX_TOKEN_ID })),
  stop_sequences: maybe(Type.Array(Type.String({ maxLength: 4096 }), { maxItems: MAX_STOP_SEQUENCES })),
  metadata: maybe(Type.Record(Type.String(), Type.Unknown(), { maxProperties: 64 })),
})
export type MessagesRequest = Static<typeof MessagesRequest>

/** `?beta=true` comes from the beta part of Anthropic's clients and changes nothing. */
export const MessagesQuery = Type.Object({ model: Type.Optional(Type.String({ maxLength: 512 })) })
