import { type Static, type TSchema, Type } from 'typebox'

// What clients send us. Unknown fields pass, and `null` means absent. The limits on counts are far above honest use;
// the body limit bounds the rest.

export const MAX_ITEMS = 16_384
const MAX_PARTS = 1024
const MAX_TOOLS = 1024
const MAX_TOKEN_COUNT = 2 ** 31 - 1

function maybe<T extends TSchema>(schema: T) {
  return Type.Optional(Type.Union([schema, Type.Null()]))
}

const ShortText = Type.String({ maxLength: 512 })
const AnyObject = Type.Record(Type.String(), Type.Unknown(), { maxProperties: 1024 })

const Part = Type.Object({ type: ShortText, text: maybe(Type.String()), refusal: maybe(Type.String()) })
export type Part = Static<typeof Part>

const Parts = Type.Array(Part, { maxItems: MAX_PARTS })

const InputItem = Type.Object({
  type: maybe(ShortText),
  id: maybe(ShortText),
  role: maybe(ShortText),
  content: maybe(Type.Union([Type.String(), Parts])),
  call_id: maybe(ShortText),
  name: maybe(ShortText),
  arguments: maybe(Type.Union([Type.String(), AnyObject])),
  output: maybe(Type.Union([Type.String(), Parts])),
  summary: maybe(Parts),
})
export type InputItem = Static<typeof InputItem>

const Tool = Type.Object({
  type: ShortText,
  name: maybe(Type.String({ minLength: 1, maxLength: 256 })),
  description: maybe(Type.String()),
  parameters: maybe(AnyObject),
  strict: maybe(Type.Boolean()),
})

const NamedTool = Type.Object({ type: maybe(ShortText), name: maybe(ShortText) })

const ToolChoice = Type.Union([
  Type.Enum(['none', 'auto', 'required']),
  Type.Object({
    type: ShortText,
    name: maybe(ShortText),
    mode: maybe(Type.Enum(['auto', 'required'])),
    tools: maybe(Type.Array(NamedTool, { maxItems: MAX_TOOLS })),
  }),
])

const TextFormat = Type.Object({
  type: Type.Enum(['text', 'json_object', 'json_schema']),
  name: maybe(ShortText),
  strict: maybe(Type.Boolean()),
  schema: maybe(AnyObject),
  json_schema: maybe(Type.Object({ name: maybe(ShortText), strict: maybe(Type.Boolean()), schema: maybe(AnyObject) })),
})
export type TextFormat = Static<typeof TextFormat>

/** A request as it is checked by the framework; what needs words of its own is checked in `to-items.ts` and beside. */
export const CreateResponseRequest = Type.Object({
  model: maybe(ShortText),
  input: maybe(Type.Union([Type.String(), Type.Array(InputItem, { maxItems: MAX_ITEMS })])),
  instructions: maybe(Type.String()),
  previous_response_id: maybe(ShortText),
  tools: maybe(Type.Array(Tool, { maxItems: MAX_TOOLS })),
  tool_choice: maybe(ToolChoice),
  allowed_tools: maybe(Type.Array(Type.Union([ShortText, NamedTool]), { maxItems: MAX_TOOLS })),
  parallel_tool_calls: maybe(Type.Boolean()),
  max_tool_calls: maybe(Type.Integer({ minimum: 0, maximum: MAX_TOKEN_COUNT })),
  max_output_tokens: maybe(Type.Integer({ minimum: -1, maximum: MAX_TOKEN_COUNT })),
  temperature: maybe(Type.Number({ minimum: 0, maximum: 100 })),
  top_p: maybe(Type.Number({ minimum: 0, maximum: 1 })),
  presence_penalty: maybe(Type.Number({ minimum: -100, maximum: 100 })),
  frequency_penalty: maybe(Type.Number({ minimum: -100, maximum: 100 })),
  top_logprobs: maybe(Type.Integer({ minimum: 0, maximum: 20 })),
  logit_bias: maybe(Type.Record(Type.String(), Type.Number({ minimum: -100, maximum: 100 }), { maxProperties: 4096 })),
  text: maybe(Type.Object({ format: maybe(TextFormat) })),
  text_format: maybe(TextFormat),
  reasoning: maybe(Type.Object({ effort: maybe(ShortText), summary: maybe(ShortText) })),
  truncation: maybe(Type.Enum(['auto', 'disabled'])),
  service_tier: maybe(ShortText),
  metadata: maybe(
    Type.Record(Type.String({ maxLength: 512 }), Type.String({ maxLength: 4096 }), { maxProperties: 64 }),
  ),
  include: maybe(Type.Array(ShortText, { maxItems: 64 })),
  store: maybe(Type.Boolean()),
  background: maybe(Type.Boolean()),
  stream: maybe(Type.Boolean()),
  safety_identifier: maybe(ShortText),
  prompt_cache_key: maybe(ShortText),
  // Named here to be refused in words.
  conversation: maybe(Type.Unknown()),
  prompt: maybe(Type.Unknown()),
})
export type CreateResponseRequest = Static<typeof CreateResponseRequest>

export const ModelQuery = Type.Object({ model: Type.Optional(ShortText) })

export const ResponseParams = Type.Object({ id: Type.Optional(ShortText) })

/** Numbers come as text: what is no number has an answer of its own. */
export const EventsQuery = Type.Object({
  stream: Type.Optional(ShortText),
  starting_after: Type.Optional(ShortText),
})

export const InputItemsQuery = Type.Object({
  order: Type.Optional(Type.Enum(['asc', 'desc'])),
  after: Type.Optional(ShortText),
  limit: Type.Optional(Type.String({ pattern: '^\\d{1,3}$' })),
})
