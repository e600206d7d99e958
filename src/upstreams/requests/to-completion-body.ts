import { isObject, type JsonObject, type JsonValue } from '../../base/json.ts'
import type { PredictOptions } from '../../grpc/generated/backend/PredictOptions.ts'
import { type Addressee, cannot, samplingFields } from './sampling-fields.ts'
import { parseFormat } from './to-chat-body.ts'

/** The body of `/v1/completions`. Throws `request.unsupported` for what the server cannot be asked. Pure. */
export function toCompletionBody(predict: PredictOptions, to: Addressee): JsonObject {
  const { Prompt = '', Logprobs = 0, TopLogprobs = 0 } = predict
  return {
    model: to.model,
    prompt: Prompt,
    stream: true,
    stream_options: { include_usage: true },
    ...samplingFields(predict, to),
    // Here the number says how many alternatives are wanted.
    ...(Logprobs > 0 ? { logprobs: TopLogprobs } : {}),
    ...formatFields(predict, to),
  }
}

function formatFields({ Grammar, ResponseFormat }: PredictOptions, to: Addressee): JsonObject {
  if (Grammar !== undefined && Grammar !== '') {
    if (!to.dialect.grammar) throw cannot(to, 'grammar')
    return { grammar: Grammar }
  }
  if (ResponseFormat === undefined || ResponseFormat === '') return {}
  const format = parseFormat(ResponseFormat)
  switch (to.dialect.completionFormat) {
    case 'response_format':
      return { response_format: format }
    case 'json_schema':
      return { json_schema: schemaOf(format) }
    default:
      throw cannot(to, 'response_format')
  }
}

function schemaOf({ json_schema: named }: JsonObject): JsonValue {
  return isObject(named) && named['schema'] !== undefined ? (named['schema'] as JsonValue) : { type: 'object' }
}
