import type { ResponseEcho } from '../../../src/responses/resource.ts'
import type { ResponseRecord } from '../../../src/responses/response-record.ts'
import { createResponseState, type ResponseState } from '../../../src/responses/response-state.ts'

export const ECHO: ResponseEcho = {
  model: 'tiny',
  previous_response_id: null,
  instructions: null,
  tools: [],
  tool_choice: 'none',
  parallel_tool_calls: true,
  max_tool_calls: null,
  temperature: 1,
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  top_logprobs: 0,
  max_output_tokens: null,
  text: { format: { type: 'text' } },
  truncation: 'auto',
  reasoning: null,
  metadata: {},
  store: true,
  background: false,
  service_tier: 'default',
  safety_identifier: null,
  prompt_cache_key: null,
}

export function makeState(echo: Partial<ResponseEcho> = {}): ResponseState {
  const itemId = (prefix: string, index: number): string => `${prefix}_${index}`
  return createResponseState({ id: idOf(0), createdAt: 1, echo: { ...ECHO, ...echo }, itemId })
}

export function idOf(number: number): string {
  return `resp_0000000000_${String(number).padStart(32, '0')}`
}

/** A finished response that said this. */
export function makeRecord(number: number, { text = 'Hi', owner = null as string | null } = {}): ResponseRecord {
  const state = createResponseState({ id: idOf(number), createdAt: 1, echo: ECHO, itemId: (prefix) => `${prefix}_0` })
  state.started()
  state.add({ type: 'text-delta', text })
  state.completed(2)
  return { owner, streamed: false, resource: state.resource(), input: [] }
}
