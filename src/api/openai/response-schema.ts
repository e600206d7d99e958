import { type Static, Type } from 'typebox'

// What we send, exactly: the tests hold every answer against these.

const exact = { additionalProperties: false } as const

const Usage = Type.Object(
  {
    prompt_tokens: Type.Integer(),
    completion_tokens: Type.Integer(),
    total_tokens: Type.Integer(),
    prompt_tokens_details: Type.Object({ cached_tokens: Type.Integer() }, exact),
    timing_prompt_processing: Type.Optional(Type.Number()),
    timing_token_generation: Type.Optional(Type.Number()),
  },
  exact,
)
export type Usage = Static<typeof Usage>

const Alternative = Type.Object(
  { token: Type.String(), logprob: Type.Number(), bytes: Type.Array(Type.Integer()) },
  exact,
)

const Logprobs = Type.Object(
  { content: Type.Array(Type.Object({ ...Alternative.properties, top_logprobs: Type.Array(Alternative) }, exact)) },
  exact,
)
export type Logprobs = Static<typeof Logprobs>

const FinishReason = Type.Enum(['stop', 'length', 'tool_calls', 'function_call'])
export type FinishReason = Static<typeof FinishReason>

const FunctionCall = Type.Object({ name: Type.String(), arguments: Type.String() }, exact)
const ToolCall = Type.Object(
  { index: Type.Integer(), id: Type.String(), type: Type.Literal('function'), function: FunctionCall },
  exact,
)

const answer = {
  id: Type.String(),
  created: Type.Integer(),
  model: Type.String(),
  system_fingerprint: Type.String(),
}

export const ChatCompletion = Type.Object(
  {
    ...answer,
    object: Type.Literal('chat.completion'),
    choices: Type.Array(
      Type.Object(
        {
          index: Type.Integer(),
          finish_reason: FinishReason,
          message: Type.Object(
            {
              role: Type.Literal('assistant'),
              content: Type.Union([Type.String(), Type.Null()]),
              reasoning: Type.Optional(Type.String()),
              reasoning_content: Type.Optional(Type.String()),
              tool_calls: Type.Optional(Type.Array(ToolCall)),
              function_call: Type.Optional(FunctionCall),
            },
            exact,
          ),
          logprobs: Type.Union([Logprobs, Type.Null()]),
        },
        exact,
      ),
    ),
    usage: Usage,
  },
  exact,
)
export type ChatCompletion = Static<typeof ChatCompletion>

export const ChatCompletionChunk = Type.Object(
  {
    ...answer,
    object: Type.Literal('chat.completion.chunk'),
    choices: Type.Array(
      Type.Object(
        {
          index: Type.Integer(),
          delta: Type.Object(
            {
              role: Type.Optional(Type.Literal('assistant')),
              content: Type.Optional(Type.String()),
              reasoning: Type.Optional(Type.String()),
              reasoning_content: Type.Optional(Type.String()),
              tool_calls: Type.Optional(
                Type.Array(
                  Type.Union([
                    ToolCall,
                    Type.Object(
                      { index: Type.Integer(), function: Type.Object({ arguments: Type.String() }, exact) },
                      exact,
                    ),
                  ]),
                ),
              ),
              function_call: Type.Optional(
                Type.Object({ name: Type.Optional(Type.String()), arguments: Type.String() }, exact),
              ),
            },
            exact,
          ),
          logprobs: Type.Optional(Logprobs),
          finish_reason: Type.Union([FinishReason, Type.Null()]),
        },
        exact,
      ),
    ),
    usage: Type.Optional(Type.Union([Usage, Type.Null()])),
  },
  exact,
)

const CompletionLogprobs = Type.Object(
  {
    tokens: Type.Array(Type.String()),
    token_logprobs: Type.Array(Type.Number()),
    top_logprobs: Type.Array(Type.Record(Type.String(), Type.Number())),
    text_offset: Type.Array(Type.Integer()),
  },
  exact,
)
export type CompletionLogprobs = Static<typeof CompletionLogprobs>

export const Completion = Type.Object(
  {
    ...answer,
    object: Type.Literal('text_completion'),
    choices: Type.Array(
      Type.Object(
        {
          index: Type.Integer(),
          text: Type.String(),
          logprobs: Type.Union([CompletionLogprobs, Type.Null()]),
          finish_reason: Type.Union([Type.Enum(['stop', 'length']), Type.Null()]),
        },
        exact,
      ),
    ),
    usage: Type.Optional(Type.Union([Usage, Type.Null()])),
  },
  exact,
)
export type Completion = Static<typeof Completion>

export const EmbeddingList = Type.Object(
  {
    id: Type.String(),
    created: Type.Integer(),
    object: Type.Literal('list'),
    model: Type.String(),
    data: Type.Array(
      Type.Object(
        {
          object: Type.Literal('embedding'),
          index: Type.Integer(),
          embedding: Type.Union([Type.Array(Type.Number()), Type.String()]),
        },
        exact,
      ),
    ),
    usage: Type.Object({ prompt_tokens: Type.Integer(), total_tokens: Type.Integer() }, exact),
  },
  exact,
)
export type EmbeddingList = Static<typeof EmbeddingList>

export const Model = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal('model'),
    created: Type.Integer(),
    owned_by: Type.String(),
    description: Type.Optional(Type.String()),
    /** Ours: names of the nodes that have it, when nodes serve for each other. */
    nodes: Type.Optional(Type.Array(Type.String())),
  },
  exact,
)
export type Model = Static<typeof Model>

export const ModelList = Type.Object({ object: Type.Literal('list'), data: Type.Array(Model) }, exact)
export type ModelList = Static<typeof ModelList>

export const ErrorBody = Type.Object(
  {
    error: Type.Object(
      {
        code: Type.Integer(),
        message: Type.String(),
        type: Type.String(),
        param: Type.Union([Type.String(), Type.Null()]),
      },
      exact,
    ),
  },
  exact,
)
export type ErrorBody = Static<typeof ErrorBody>
