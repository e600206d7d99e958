import { type Static, type TSchema, Type } from 'typebox'

// What clients send us. Unknown fields pass, as in LocalAI, and `null` means absent, as several SDKs write it.
// The limits on counts are far above honest use; the body limit bounds the rest.

const MAX_MESSAGES = 16_384
const MAX_TOOLS = 1024
const MAX_PROMPTS = 256
const MAX_INPUTS = 4096
const MAX_CHOICES = 64
const MAX_STOP_STRINGS = 64
const MAX_TOKEN_ID = 2 ** 31 - 1

function maybe<T extends TSchema>(schema: T) {
  return Type.Optional(Type.Union([schema, Type.Null()]))
}

const ModelName = Type.String({ maxLength: 512 })
const ShortText = Type.String({ maxLength: 512 })
const AnyObject = Type.Record(Type.String(), Type.Unknown())
export const TokenIds = Type.Array(Type.Integer({ minimum: 0, maximum: MAX_TOKEN_ID }), { minItems: 1 })

const ResponseFormat = Type.Object({
  type: Type.Enum(['text', 'json_object', 'json_schema']),
  json_schema: maybe(Type.Object({ name: maybe(ShortText), strict: maybe(Type.Boolean()), schema: maybe(AnyObject) })),
})

/** Fields that chat and completion share. */
const generation = {
  model: maybe(ModelName),
  stream: maybe(Type.Boolean()),
  stream_options: maybe(Type.Object({ include_usage: maybe(Type.Boolean()) })),
  n: maybe(Type.Integer({ minimum: 1, maximum: MAX_CHOICES })),
  max_tokens: maybe(Type.Integer({ minimum: -1, maximum: MAX_TOKEN_ID })),
  temperature: maybe(Type.Number({ minimum: 0, maximum: 100 })),
  top_p: maybe(Type.Number({ minimum: 0, maximum: 1 })),
  top_k: maybe(Type.Integer({ minimum: -1, maximum: MAX_TOKEN_ID })),
  min_p: maybe(Type.Number({ minimum: 0, maximum: 1 })),
  typical_p: maybe(Type.Number({ minimum: 0, maximum: 1 })),
  seed: maybe(Type.Integer({ minimum: -(2 ** 53), maximum: 2 ** 53 })),
  stop: maybe(Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: MAX_STOP_STRINGS })])),
  frequency_penalty: maybe(Type.Number({ minimum: -100, maximum: 100 })),
  presence_penalty: maybe(Type.Number({ minimum: -100, maximum: 100 })),
  repeat_penalty: maybe(Type.Number({ minimum: 0, maximum: 100 })),
  repeat_last_n: maybe(Type.Integer({ minimum: -1, maximum: MAX_TOKEN_ID })),
  logit_bias: maybe(Type.Record(Type.String(), Type.Number({ minimum: -100, maximum: 100 }), { maxProperties: 4096 })),
  ignore_eos: maybe(Type.Boolean()),
  grammar: maybe(Type.String()),
  tfz: maybe(Type.Number({ minimum: 0, maximum: 1 })),
  n_keep: maybe(Type.Integer({ minimum: -1, maximum: MAX_TOKEN_ID })),
  batch: maybe(Type.Integer({ minimum: 0, maximum: MAX_TOKEN_ID })),
  mirostat: maybe(Type.Integer({ minimum: 0, maximum: 2 })),
  mirostat_eta: maybe(Type.Number({ minimum: 0, maximum: 100 })),
  mirostat_tau: maybe(Type.Number({ minimum: 0, maximum: 100 })),
  negative_prompt: maybe(Type.String()),
  negative_prompt_scale: maybe(Type.Number({ minimum: -100, maximum: 100 })),
  rope_freq_base: maybe(Type.Number({ minimum: 0 })),
  rope_freq_scale: maybe(Type.Number({ minimum: 0 })),
  grammar_json_functions: maybe(AnyObject),
  response_format: maybe(ResponseFormat),
}

const ContentPart = Type.Object({
  type: ShortText,
  text: maybe(Type.String()),
  refusal: maybe(Type.String()),
})
export type ContentPart = Static<typeof ContentPart>

const FunctionCall = Type.Object({
  name: ShortText,
  arguments: maybe(Type.Union([Type.String(), AnyObject])),
})

const Message = Type.Object({
  role: Type.Enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: maybe(Type.Union([Type.String(), Type.Array(ContentPart, { maxItems: 1024 })])),
  name: maybe(ShortText),
  tool_calls: maybe(
    Type.Array(Type.Object({ id: maybe(ShortText), type: maybe(ShortText), function: FunctionCall }), {
      maxItems: MAX_TOOLS,
    }),
  ),
  tool_call_id: maybe(ShortText),
  function_call: maybe(FunctionCall),
  reasoning: maybe(Type.String()),
  reasoning_content: maybe(Type.String()),
})
export type Message = Static<typeof Message>

const FunctionDefinition = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 256 }),
  description: maybe(Type.String()),
  parameters: maybe(AnyObject),
  strict: maybe(Type.Boolean()),
})
export type FunctionDefinition = Static<typeof FunctionDefinition>

const NamedFunction = Type.Object({ name: ShortText })

export const ChatCompletionRequest = Type.Object({
  ...generation,
  messages: Type.Array(Message, { minItems: 1, maxItems: MAX_MESSAGES }),
  max_completion_tokens: generation.max_tokens,
  logprobs: maybe(Type.Boolean()),
  top_logprobs: maybe(Type.Integer({ minimum: 0, maximum: 20 })),
  tools: maybe(
    Type.Array(Type.Object({ type: ShortText, function: Type.Optional(FunctionDefinition) }), { maxItems: MAX_TOOLS }),
  ),
  tool_choice: maybe(
    Type.Union([
      Type.Enum(['none', 'auto', 'required']),
      Type.Object({ type: maybe(Type.Enum(['function'])), function: NamedFunction }),
    ]),
  ),
  parallel_tool_calls: maybe(Type.Boolean()),
  functions: maybe(Type.Array(FunctionDefinition, { maxItems: MAX_TOOLS })),
  function_call: maybe(Type.Union([Type.Enum(['none', 'auto']), NamedFunction])),
  metadata: maybe(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), { maxProperties: 64 }),
  ),
  reasoning_effort: maybe(ShortText),
  /** Besides, whatever variables the model's chat template has. */
  chat_template_kwargs: maybe(Type.Object({ enable_thinking: maybe(Type.Boolean()) }, { maxProperties: 64 })),
})
export type ChatCompletionRequest = Static<typeof ChatCompletionRequest>

export const CompletionRequest = Type.Object({
  ...generation,
  prompt: Type.Union([
    Type.String(),
    Type.Array(Type.Union([Type.String(), Type.Integer(), Type.Array(Type.Integer())]), { minItems: 1 }),
  ]),
  suffix: maybe(Type.String()),
  echo: maybe(Type.Boolean()),
  best_of: maybe(Type.Integer({ minimum: 0, maximum: 128 })),
  logprobs: maybe(Type.Union([Type.Integer({ minimum: 0, maximum: 20 }), Type.Boolean()])),
})
export type CompletionRequest = Static<typeof CompletionRequest>
export type GenerationFields = Pick<CompletionRequest, Exclude<keyof typeof generation, 'model'>>
export { MAX_PROMPTS }

const EmbeddingInput = Type.Union([Type.String({ minLength: 1 }), TokenIds])

export const EmbeddingRequest = Type.Object({
  model: maybe(ModelName),
  input: Type.Union([
    Type.String({ minLength: 1 }),
    Type.Array(Type.Union([EmbeddingInput, Type.Integer({ minimum: 0, maximum: MAX_TOKEN_ID })]), { minItems: 1 }),
  ]),
  encoding_format: maybe(Type.Enum(['float', 'base64'])),
  dimensions: maybe(Type.Integer({ minimum: 1 })),
})
export type EmbeddingRequest = Static<typeof EmbeddingRequest>
export { MAX_INPUTS }

export const ModelQuery = Type.Object({ model: Type.Optional(ModelName) })
export const ModelParams = Type.Object({ model: Type.Optional(ModelName) })

export const ModelListQuery = Type.Object({
  filter: Type.Optional(Type.String({ maxLength: 256 })),
  excludeConfigured: Type.Optional(ShortText),
})

/** The name may contain slashes. */
export const ModelPathParams = Type.Object({ '*': Type.String() })
