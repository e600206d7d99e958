import { basename } from 'node:path'
import type { AbortOptions } from '../base/signals.ts'
import type { GgufMetadata, GgufValue } from '../models/gguf/read-gguf.ts'
import type { GgufSummary } from '../models/gguf/summarize-gguf.ts'
import { readHeader, validateGguf } from '../models/gguf/validate-gguf.ts'

export interface GgufDescription {
  readonly file: string
  readonly summary: GgufSummary
  readonly tokenizer: {
    readonly model?: string
    readonly pre?: string
    readonly bosTokenId?: number
    readonly eosTokenId?: number
  }
  /** Every key of the metadata; what is too long to keep is told by its length. */
  readonly metadata: Readonly<Record<string, GgufValue>>
}

/** What a GGUF file says of itself. Throws `model.not-found` and `model.file-invalid`. */
export async function describeGguf(path: string, options: AbortOptions = {}): Promise<GgufDescription> {
  const summary = await validateGguf(path, options)
  const { metadata } = await readHeader(path, options)
  const model = metadata.get('tokenizer.ggml.model')
  const pre = metadata.get('tokenizer.ggml.pre')
  const bos = numberAt(metadata, 'tokenizer.ggml.bos_token_id')
  const eos = numberAt(metadata, 'tokenizer.ggml.eos_token_id')
  return {
    file: basename(path),
    summary,
    tokenizer: {
      ...(typeof model === 'string' ? { model } : {}),
      ...(typeof pre === 'string' ? { pre } : {}),
      ...(bos === undefined ? {} : { bosTokenId: bos }),
      ...(eos === undefined ? {} : { eosTokenId: eos }),
    },
    metadata: Object.fromEntries(metadata),
  }
}

function numberAt(metadata: GgufMetadata, key: string): number | undefined {
  const value = metadata.get(key)
  return typeof value === 'number' ? value : undefined
}
