import { type Static, Type } from 'typebox'

// Items of a conversation as Open Responses writes them: https://www.openresponses.org/specification

export const exact = { additionalProperties: false } as const

const Alternative = Type.Object(
  { token: Type.String(), logprob: Type.Number(), bytes: Type.Array(Type.Integer()) },
  exact,
)
export const Logprob = Type.Object({ ...Alternative.properties, top_logprobs: Type.Array(Alternative) }, exact)
export type Logprob = Static<typeof Logprob>

const InputText = Type.Object({ type: Type.Literal('input_text'), text: Type.String() }, exact)

export const OutputText = Type.Object(
  {
    type: Type.Literal('output_text'),
    text: Type.String(),
    annotations: Type.Array(Type.Unknown()),
    logprobs: Type.Array(Logprob),
  },
  exact,
)
export type OutputText = Static<typeof OutputText>

const Refusal = Type.Object({ type: Type.Literal('refusal'), refusal: Type.String() }, exact)

export const ReasoningText = Type.Object({ type: Type.Literal('reasoning_text'), text: Type.String() }, exact)
export type ReasoningText = Static<typeof ReasoningText>

const SummaryText = Type.Object({ type: Type.Literal('summary_text'), text: Type.String() }, exact)

const ItemStatus = Type.Enum(['in_progress', 'completed', 'incomplete'])
export type ItemStatus = Static<typeof ItemStatus>

export const MessageItem = Type.Object(
  {
    type: Type.Literal('message'),
    id: Type.String(),
    status: ItemStatus,
    role: Type.Enum(['user', 'assistant', 'system', 'developer']),
    content: Type.Array(Type.Union([InputText, OutputText, Refusal])),
  },
  exact,
)
export type MessageItem = Static<typeof MessageItem>

export const FunctionCallItem = Type.Object(
  {
    type: Type.Literal('function_call'),
    id: Type.String(),
    status: ItemStatus,
    call_id: Type.String(),
    name: Type.String(),
    arguments: Type.String(),
  },
  exact,
)
export type FunctionCallItem = Static<typeof FunctionCallItem>

const FunctionCallOutputItem = Type.Object(
  {
    type: Type.Literal('function_call_output'),
    id: Type.String(),
    status: ItemStatus,
    call_id: Type.String(),
    output: Type.Union([Type.String(), Type.Array(InputText)]),
  },
  exact,
)

export const ReasoningItem = Type.Object(
  {
    type: Type.Literal('reasoning'),
    id: Type.String(),
    status: ItemStatus,
    summary: Type.Array(SummaryText),
    content: Type.Array(ReasoningText),
  },
  exact,
)
export type ReasoningItem = Static<typeof ReasoningItem>

/** One step of a conversation, whoever took it. */
export const Item = Type.Union([MessageItem, FunctionCallItem, FunctionCallOutputItem, ReasoningItem])
export type Item = Static<typeof Item>
