import { type Static, type TSchema, Type } from 'typebox'
import { exact, Item } from './items.ts'

function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()])
}

const AnyObject = Type.Record(Type.String(), Type.Unknown())

const ResponseStatus = Type.Enum(['queued', 'in_progress', 'completed', 'failed', 'incomplete', 'cancelled'])
export type ResponseStatus = Static<typeof ResponseStatus>

export const ResponseError = Type.Object(
  { type: Type.String(), code: Type.String(), message: Type.String(), param: Type.String() },
  exact,
)
export type ResponseError = Static<typeof ResponseError>

export const ResponseUsage = Type.Object(
  {
    input_tokens: Type.Integer(),
    output_tokens: Type.Integer(),
    total_tokens: Type.Integer(),
    input_tokens_details: Type.Object({ cached_tokens: Type.Integer() }, exact),
    output_tokens_details: Type.Object({ reasoning_tokens: Type.Integer() }, exact),
  },
  exact,
)
export type ResponseUsage = Static<typeof ResponseUsage>

/** What the request said, or the default of what it left out. */
const echo = {
  model: Type.String(),
  previous_response_id: nullable(Type.String()),
  instructions: nullable(Type.String()),
  tools: Type.Array(AnyObject),
  tool_choice: Type.Union([Type.String(), AnyObject]),
  parallel_tool_calls: Type.Boolean(),
  max_tool_calls: nullable(Type.Integer()),
  temperature: Type.Number(),
  top_p: Type.Number(),
  presence_penalty: Type.Number(),
  frequency_penalty: Type.Number(),
  top_logprobs: Type.Integer(),
  max_output_tokens: nullable(Type.Integer()),
  text: Type.Object({ format: AnyObject }, exact),
  truncation: Type.Enum(['auto', 'disabled']),
  reasoning: nullable(AnyObject),
  metadata: Type.Record(Type.String(), Type.String()),
  store: Type.Boolean(),
  background: Type.Boolean(),
  service_tier: Type.String(),
  safety_identifier: nullable(Type.String()),
  prompt_cache_key: nullable(Type.String()),
}

const ResponseEcho = Type.Object(echo)
export type ResponseEcho = Static<typeof ResponseEcho>

/** A response as clients see it, at any moment of its life. Times in unix seconds. */
export const ResponseResource = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal('response'),
    created_at: Type.Integer(),
    completed_at: nullable(Type.Integer()),
    status: ResponseStatus,
    output: Type.Array(Item),
    error: nullable(ResponseError),
    incomplete_details: nullable(Type.Object({ reason: Type.String() }, exact)),
    usage: nullable(ResponseUsage),
    ...echo,
  },
  exact,
)
export type ResponseResource = Static<typeof ResponseResource>

/** Whether nothing more will happen to a response. */
export function isFinished({ status }: Pick<ResponseResource, 'status'>): boolean {
  return status !== 'queued' && status !== 'in_progress'
}
