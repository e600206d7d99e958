import { isObject } from '../../base/json.ts'

/** `Reply.logprobs`: the entries of OpenAI's `logprobs.content` as they came; undefined when there are none. */
export function chatLogprobs(logprobs: unknown): Buffer | undefined {
  const content = isObject(logprobs) ? logprobs['content'] : undefined
  return Array.isArray(content) && content.length > 0 ? toBytes(content) : undefined
}

/** The same of `/v1/completions`, which has columns instead of entries; llama-server has entries here too. */
export function completionLogprobs(logprobs: unknown): Buffer | undefined {
  if (!isObject(logprobs)) return undefined
  const { tokens, token_logprobs, top_logprobs } = logprobs
  if (!Array.isArray(tokens) || !Array.isArray(token_logprobs)) return chatLogprobs(logprobs)
  const tops: readonly unknown[] = Array.isArray(top_logprobs) ? top_logprobs : []
  const entries = tokens.flatMap((token: unknown, index) => {
    const logprob: unknown = token_logprobs[index]
    if (typeof token !== 'string' || typeof logprob !== 'number') return []
    return [{ token, logprob, top_logprobs: alternatives(tops[index]) }]
  })
  return entries.length === 0 ? undefined : toBytes(entries)
}

function alternatives(top: unknown): readonly { readonly token: string; readonly logprob: number }[] {
  if (!isObject(top)) return []
  return Object.entries(top).flatMap(([token, logprob]) => (typeof logprob === 'number' ? [{ token, logprob }] : []))
}

function toBytes(content: readonly unknown[]): Buffer {
  return Buffer.from(JSON.stringify({ content }))
}
