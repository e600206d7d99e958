/** Which program answers at the other end, as far as it can be told. `openai`: any other that speaks the API. */
export type UpstreamKind = 'llama-server' | 'vllm' | 'sglang' | 'ollama' | 'lm-studio' | 'localai' | 'openai'

/** What a program understands beyond OpenAI's own fields, and under which name. */
export interface Dialect {
  /** Fields of `PredictOptions` that OpenAI's API has none for. */
  readonly sampling: Readonly<Partial<Record<SamplingWish, string>>>
  /** Takes llama.cpp's grammars. */
  readonly grammar: boolean
  /** `tool_choice` counts for something. */
  readonly toolChoice: boolean
  /** How a plain completion is held to a JSON schema. */
  readonly completionFormat: 'json_schema' | 'response_format' | undefined
  /** Takes `chat_template_kwargs`, and the thoughts of earlier turns. */
  readonly templateValues: boolean
  /** Whose routes for tokens it has. */
  readonly tokens: 'llama-server' | 'vllm' | 'localai' | undefined
}

export type SamplingWish =
  | 'TopK'
  | 'MinP'
  | 'TypicalP'
  | 'Penalty'
  | 'Repeat'
  | 'IgnoreEOS'
  | 'TailFreeSamplingZ'
  | 'NKeep'
  | 'Mirostat'
  | 'MirostatETA'
  | 'MirostatTAU'

const PLAIN: Dialect = {
  sampling: {},
  grammar: false,
  toolChoice: true,
  completionFormat: undefined,
  templateValues: false,
  tokens: undefined,
}

const LLAMA_SAMPLING = {
  TopK: 'top_k',
  MinP: 'min_p',
  TypicalP: 'typical_p',
  Penalty: 'repeat_penalty',
  Repeat: 'repeat_last_n',
  IgnoreEOS: 'ignore_eos',
  NKeep: 'n_keep',
  Mirostat: 'mirostat',
  MirostatETA: 'mirostat_eta',
  MirostatTAU: 'mirostat_tau',
} as const

const SERVING_SAMPLING = {
  TopK: 'top_k',
  MinP: 'min_p',
  Penalty: 'repetition_penalty',
  IgnoreEOS: 'ignore_eos',
} as const

export const DIALECTS: Readonly<Record<UpstreamKind, Dialect>> = {
  'llama-server': {
    sampling: LLAMA_SAMPLING,
    grammar: true,
    toolChoice: true,
    completionFormat: 'json_schema',
    templateValues: true,
    tokens: 'llama-server',
  },
  vllm: {
    ...PLAIN,
    sampling: SERVING_SAMPLING,
    completionFormat: 'response_format',
    templateValues: true,
    tokens: 'vllm',
  },
  sglang: { ...PLAIN, sampling: SERVING_SAMPLING, completionFormat: 'response_format', templateValues: true },
  // It ignores what it does not know, and says nothing.
  ollama: { ...PLAIN, toolChoice: false },
  'lm-studio': { ...PLAIN, sampling: { TopK: 'top_k', Penalty: 'repeat_penalty' } },
  localai: {
    ...PLAIN,
    sampling: { ...LLAMA_SAMPLING, TailFreeSamplingZ: 'tfz' },
    grammar: true,
    completionFormat: 'response_format',
    tokens: 'localai',
  },
  openai: PLAIN,
}
