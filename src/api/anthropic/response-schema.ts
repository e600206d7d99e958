import { type Static, Type } from 'typebox'

// What we send, exactly: the tests hold every answer and every event against these.

const exact = { additionalProperties: false } as const

const Usage = Type.Object(
  {
    /** Tokens of the prompt that no cache held: Anthropic counts the others apart. */
    input_tokens: Type.Integer(),
    cache_creation_input_tokens: Type.Integer(),
    cache_read_input_tokens: Type.Integer(),
    output_tokens: Type.Integer(),
  },
  exact,
)
export type Usage = Static<typeof Usage>

const TextBlock = Type.Object({ type: Type.Literal('text'), text: Type.String() }, exact)
const ThinkingBlock = Type.Object(
  { type: Type.Literal('thinking'), thinking: Type.String(), signature: Type.String() },
  exact,
)
const ToolUseBlock = Type.Object(
  { type: Type.Literal('tool_use'), id: Type.String(), name: Type.String(), input: Type.Unknown() },
  exact,
)
const ContentBlock = Type.Union([TextBlock, ThinkingBlock, ToolUseBlock])
export type ContentBlock = Static<typeof ContentBlock>

const StopReason = Type.Enum(['end_turn', 'max_tokens', 'stop_sequence', 'tool_use'])
const ending = {
  stop_reason: Type.Union([StopReason, Type.Null()]),
  stop_sequence: Type.Union([Type.String(), Type.Null()]),
}
const Ending = Type.Object(ending, exact)
export type Ending = Static<typeof Ending>

export const MessageAnswer = Type.Object(
  {
    id: Type.String(),
    type: Type.Literal('message'),
    role: Type.Literal('assistant'),
    model: Type.String(),
    content: Type.Array(ContentBlock),
    ...ending,
    usage: Usage,
  },
  exact,
)
export type MessageAnswer = Static<typeof MessageAnswer>

export const TokenCount = Type.Object({ input_tokens: Type.Integer() }, exact)

export const ErrorBody = Type.Object(
  {
    type: Type.Literal('error'),
    error: Type.Object(
      {
        type: Type.Enum([
          'invalid_request_error',
          'authentication_error',
          'permission_error',
          'not_found_error',
          'request_too_large',
          'rate_limit_error',
          'overloaded_error',
          'api_error',
        ]),
        message: Type.String(),
      },
      exact,
    ),
  },
  exact,
)
export type ErrorBody = Static<typeof ErrorBody>

const BlockDelta = Type.Union([
  Type.Object({ type: Type.Literal('text_delta'), text: Type.String() }, exact),
  Type.Object({ type: Type.Literal('thinking_delta'), thinking: Type.String() }, exact),
  Type.Object({ type: Type.Literal('signature_delta'), signature: Type.String() }, exact),
  Type.Object({ type: Type.Literal('input_json_delta'), partial_json: Type.String() }, exact),
])
export type BlockDelta = Static<typeof BlockDelta>

const index = Type.Integer()
const BlockEvent = Type.Union([
  Type.Object({ type: Type.Literal('content_block_start'), index, content_block: ContentBlock }, exact),
  Type.Object({ type: Type.Literal('content_block_delta'), index, delta: BlockDelta }, exact),
  Type.Object({ type: Type.Literal('content_block_stop'), index }, exact),
])
export type BlockEvent = Static<typeof BlockEvent>

/** The data of every event of a stream; the event's name is its `type`. */
export const StreamEvent = Type.Union([
  Type.Object({ type: Type.Literal('message_start'), message: MessageAnswer }, exact),
  BlockEvent,
  Type.Object({ type: Type.Literal('message_delta'), delta: Ending, usage: Usage }, exact),
  Type.Object({ type: Type.Literal('message_stop') }, exact),
  Type.Object({ type: Type.Literal('ping') }, exact),
  ErrorBody,
])
export type StreamEvent = Static<typeof StreamEvent>
