import type { AbortOptions } from '../base/signals.ts'
import { findModel } from './find-model.ts'
import type { GenerationDeps } from './generate.ts'
import { useModel } from './use-model.ts'

export type Tokenize = (
  request: { readonly model: string; readonly text: string },
  options?: AbortOptions,
) => Promise<readonly number[]>

export type Detokenize = (
  request: { readonly model: string; readonly tokens: readonly number[] },
  options?: AbortOptions,
) => Promise<string>

type TokenizeDeps = Pick<GenerationDeps, 'registry' | 'loader'>

export function createTokenize({ registry, loader }: TokenizeDeps): Tokenize {
  return async function tokenize({ model, text }, options = {}) {
    const answer = await useModel(loader, findModel(registry, model), {
      ...options,
      use: async ({ client }) => await client.tokenize({ Prompt: text }, options),
    })
    return answer.tokens
  }
}

export function createDetokenize({ registry, loader }: TokenizeDeps): Detokenize {
  return async function detokenize({ model, tokens }, options = {}) {
    const answer = await useModel(loader, findModel(registry, model), {
      ...options,
      use: async ({ client }) => await client.detokenize(tokens, options),
    })
    return answer.content
  }
}
