import { AppError } from '../../base/errors.ts'
import { isObject, type JsonObject } from '../../base/json.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { DetokenizeResponse__Output } from '../../grpc/generated/backend/DetokenizeResponse.ts'
import type { PredictOptions } from '../../grpc/generated/backend/PredictOptions.ts'
import type { TokenizationResponse__Output } from '../../grpc/generated/backend/TokenizationResponse.ts'
import type { Target } from '../choose-target.ts'
import { failed, type UpstreamRequest } from '../http/upstream-http.ts'
import type { Addressee } from '../requests/sampling-fields.ts'
import { toChatBody } from '../requests/to-chat-body.ts'
import { addresseeOf } from './addressee.ts'
import { QUICK_LIMITS } from './limits.ts'

/** The tokens of a text or, where the server renders conversations for that, of one. Throws `request.unsupported`. */
export async function tokenize(
  target: Target,
  request: PredictOptions,
  options: AbortOptions,
): Promise<TokenizationResponse__Output> {
  const to = addresseeOf(target)
  const answer = await ask(target, await tokenizing(target, { request, to }, options), options)
  const tokens: unknown = isObject(answer) ? answer['tokens'] : undefined
  if (!Array.isArray(tokens) || !tokens.every((token) => Number.isInteger(token)))
    throw failed(to.upstream, 'answered without tokens')
  return { length: tokens.length, tokens: tokens as number[] }
}

/** The text of tokens. Throws `request.unsupported` where the server has no route for it. */
export async function detokenize(
  target: Target,
  tokens: readonly number[],
  options: AbortOptions,
): Promise<DetokenizeResponse__Output> {
  const to = addresseeOf(target)
  if (to.dialect.tokens === undefined || to.dialect.tokens === 'localai') throw noTokens(to)
  const body = { tokens, ...(to.dialect.tokens === 'vllm' ? { model: to.model } : {}) }
  const answer = await ask(target, { method: 'POST', path: { own: '/detokenize' }, body }, options)
  const text: unknown = isObject(answer) ? (answer['content'] ?? answer['prompt']) : undefined
  if (typeof text !== 'string') throw failed(to.upstream, 'answered without a text')
  return { content: text }
}

interface Tokenizing {
  readonly request: PredictOptions
  readonly to: Addressee
}

async function tokenizing(target: Target, asked: Tokenizing, options: AbortOptions): Promise<UpstreamRequest> {
  const { to, request } = asked
  const { Prompt = '' } = request
  switch (to.dialect.tokens) {
    case 'llama-server': {
      const rendered = request.UseTokenizerTemplate === true ? await render(target, asked, options) : undefined
      const body = { content: rendered ?? Prompt, add_special: true, parse_special: rendered !== undefined }
      return { method: 'POST', path: { own: '/tokenize' }, body }
    }
    case 'vllm': {
      const text = request.UseTokenizerTemplate === true ? conversation(asked) : { prompt: Prompt }
      return { method: 'POST', path: { own: '/tokenize' }, body: { model: to.model, ...text } }
    }
    case 'localai':
      return { method: 'POST', path: { api: '/tokenize' }, body: { model: to.model, content: Prompt } }
    default:
      throw noTokens(to)
  }
}

/** The prompt that llama-server would make of a conversation. */
async function render(target: Target, asked: Tokenizing, options: AbortOptions): Promise<string> {
  const { upstream } = asked.to
  const answer = await ask(
    target,
    { method: 'POST', path: { own: '/apply-template' }, body: conversation(asked) },
    options,
  )
  const prompt: unknown = isObject(answer) ? answer['prompt'] : undefined
  if (typeof prompt === 'string') return prompt
  throw failed(upstream, 'answered without a prompt')
}

function conversation({ request, to }: Tokenizing): JsonObject {
  const { messages, tools, chat_template_kwargs } = toChatBody(request, to)
  return {
    ...(messages === undefined ? {} : { messages }),
    ...(tools === undefined ? {} : { tools }),
    ...(chat_template_kwargs === undefined ? {} : { chat_template_kwargs }),
  }
}

async function ask(target: Target, request: UpstreamRequest, options: AbortOptions): Promise<unknown> {
  return await target.upstream.http.json(request, { ...QUICK_LIMITS, ...options })
}

function noTokens({ upstream, model }: Addressee): AppError {
  return new AppError(
    'request.unsupported',
    `the tokens of ${model} are not known: upstream ${upstream} does not tell them`,
  )
}
