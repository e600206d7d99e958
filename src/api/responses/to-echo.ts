import type { ResponseEcho } from '../../responses/resource.ts'
import type { CreateResponseRequest } from './schema.ts'
import { formatOf } from './to-inference.ts'

/** LocalAI's values for what a request leaves out. */
const DEFAULTS = {
  previous_response_id: null,
  instructions: null,
  parallel_tool_calls: true,
  max_tool_calls: null,
  temperature: 1,
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  top_logprobs: 0,
  max_output_tokens: null,
  truncation: 'auto',
  reasoning: null,
  metadata: {},
  store: true,
  background: false,
  service_tier: 'default',
  safety_identifier: null,
  prompt_cache_key: null,
} as const satisfies Partial<ResponseEcho>

/** What the resource repeats of the request. */
export function toEcho(body: CreateResponseRequest, model: string): ResponseEcho {
  const tools = body.tools ?? []
  const said = Object.keys(DEFAULTS).flatMap((key) => {
    const value: unknown = Reflect.get(body, key)
    return value === undefined || value === null || value === '' ? [] : [[key, value]]
  })
  return {
    ...DEFAULTS,
    ...Object.fromEntries(said),
    model,
    tools,
    tool_choice: body.tool_choice ?? (tools.length === 0 ? 'none' : 'auto'),
    text: { format: formatOf(body) ?? { type: 'text' } },
  }
}
