import { isObject } from '../../base/json.ts'
import type { UpstreamKind } from '../dialects.ts'
import { type ListedEntry, positiveCount } from './read-models.ts'

/** What a server answered to questions that only some programs know; undefined: no such route. */
export interface Signs {
  /** llama-server. */
  readonly props: unknown
  /** vLLM, and LocalAI. */
  readonly version: unknown
  /** Ollama. */
  readonly ollama: unknown
  /** LM Studio. */
  readonly lmStudio: unknown
  readonly entries: readonly ListedEntry[]
}

export interface Recognized {
  readonly kind: UpstreamKind
  readonly version?: string
  readonly slots?: number
  readonly contextSize?: number
}

const OWNERS: Readonly<Record<string, UpstreamKind>> = { vllm: 'vllm', sglang: 'sglang', llamacpp: 'llama-server' }

/** Which program it is. The owner that models are listed with says most; Ollama and others have routes of their own. Pure. */
export function recognize({ props, version, ollama, lmStudio, entries }: Signs): Recognized {
  const owner = entries.map(({ ownedBy }) => OWNERS[ownedBy.toLowerCase()]).find((kind) => kind !== undefined)
  if (isObject(props) && positiveCount(props['total_slots']) !== undefined) return llamaServer(props)
  if (owner !== undefined) return { kind: owner, ...versionIn(version) }
  if (isObject(ollama) && typeof ollama['version'] === 'string') return { kind: 'ollama', ...versionIn(ollama) }
  if (isObject(lmStudio) && Array.isArray(lmStudio['data'])) return { kind: 'lm-studio' }
  // LocalAI's versions begin with a letter: "v4.0.0 (abcdef)".
  if (isObject(version) && /^v?\d/.test(String(version['version']))) {
    const found = versionIn(version)
    return { kind: String(version['version']).startsWith('v') ? 'localai' : 'vllm', ...found }
  }
  return { kind: 'openai' }
}

function llamaServer(props: Record<string, unknown>): Recognized {
  const { total_slots, default_generation_settings: settings, build_info } = props
  const slots = positiveCount(total_slots)
  const contextSize = isObject(settings) ? positiveCount(settings['n_ctx']) : undefined
  return {
    kind: 'llama-server',
    ...versionIn({ version: build_info }),
    ...(slots === undefined ? {} : { slots }),
    ...(contextSize === undefined ? {} : { contextSize }),
  }
}

function versionIn(answer: unknown): { readonly version?: string } {
  const version = isObject(answer) ? answer['version'] : undefined
  if (typeof version !== 'string' || version === '') return {}
  return { version: version.replaceAll(/\p{C}+/gu, ' ').slice(0, 64) }
}
