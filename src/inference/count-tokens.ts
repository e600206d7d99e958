import type { AbortOptions } from '../base/signals.ts'
import { findModel } from './find-model.ts'
import type { GenerationDeps } from './generate.ts'
import { chatOptions } from './predict-options.ts'
import type { ChatRequest } from './request.ts'
import { useModel } from './use-model.ts'

/** How many tokens the prompt of a conversation has, as the model would be given it. */
export type CountTokens = (request: ChatRequest, options?: AbortOptions) => Promise<number>

/**
 * NOTE: our own backends count what they would render. A backend that looks at the plain text only, as LocalAI's do,
 * counts that, without what the chat template puts around it: its count is some tokens too low.
 */
export function createCountTokens({ registry, loader }: Pick<GenerationDeps, 'registry' | 'loader'>): CountTokens {
  return async function countTokens(request, options = {}) {
    const config = findModel(registry, request.model)
    const predict = { Prompt: plainText(request), ...chatOptions(request, config, () => 0) }
    const answer = await useModel(loader, config, {
      ...options,
      use: async ({ client }) => await client.tokenize(predict, options),
    })
    return answer.tokens.length
  }
}

function plainText({ messages, tools = [] }: ChatRequest): string {
  const turns = messages.flatMap(({ content, reasoning, toolCalls = [] }) => [
    ...(reasoning === undefined ? [] : [reasoning]),
    content,
    ...toolCalls.map((call) => `${call.name} ${call.arguments}`),
  ])
  return [...tools.map((tool) => JSON.stringify(tool)), ...turns].join('\n')
}
