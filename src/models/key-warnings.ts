import { closest, distance } from 'fastest-levenshtein'
import { isObject } from '../base/json.ts'
import { ModelFileSchema } from './config-schema.ts'

/** A key of a model's YAML that has no effect here. */
export interface KeyWarning {
  /** With the block it stands in: `template.chat`. */
  readonly key: string
  readonly sentence: string
}

const TEMPLATE = 'is not used: the chat template inside the GGUF is used instead'
const TOOLS = "is not used: tool calls are read in the model's own format"
const OTHER_ENGINE = 'is for an engine that this node does not have'
const NOT_YET = 'is a key of LocalAI that this node does not use yet'

/** What LocalAI's other keys mean for us; blocks are told apart where some of their keys are used. */
const KNOWN: ReadonlyMap<string, string> = new Map(
  [
    [
      TEMPLATE,
      `roles template.chat template.chat_message template.completion template.edit template.function template.multimodal
       template.join_chat_messages_by_character template.reply_prefix`,
    ],
    [TOOLS, 'function'],
    [
      OTHER_ENGINE,
      `quantization load_format dtype gpu_memory_utilization swap_space max_model_len tensor_parallel_size
       trust_remote_code enforce_eager disable_log_stats limit_mm_per_prompt type cfg_scale step cuda diffusers tts
       engine_args parameters.clip_skip parameters.tokenizer parameters.language parameters.translate`,
    ],
    [
      NOT_YET,
      `debug low_vram numa no_mulmatq no_kv_offloading cache_type_k cache_type_v cutstrings extract_regex trimspace
       trimsuffix mirostat mirostat_eta mirostat_tau prompt_cache_path prompt_cache_all prompt_cache_ro rms_norm_eps ngqa
       rope_scaling yarn_ext_factor yarn_attn_factor yarn_beta_fast yarn_beta_slow lora_base draft_model n_draft overrides
       feature_flags mcp agent pipeline artifacts reasoning_effort
       chat_template_kwargs known_input_modalities known_output_modalities compression pii pii_detection router proxy mitm
       reasoning.disable_reasoning_tag_prefill reasoning.strip_reasoning_only reasoning.thinking_start_tokens
       reasoning.tag_pairs parameters.tfz parameters.n parameters.echo parameters.n_keep parameters.logprobs
       parameters.top_logprobs parameters.logit_bias parameters.negative_prompt parameters.negative_prompt_scale
       parameters.rope_freq_base parameters.rope_freq_scale`,
    ],
  ].flatMap(([sentence = '', keys = '']) => keys.split(/\s+/).map((key) => [key, sentence] as const)),
)

const blocks: Readonly<Record<string, unknown>> = ModelFileSchema.properties
const USED = Object.keys(blocks).flatMap((key) => [
  key,
  ...Object.keys(keysOf(blocks[key])).map((sub) => `${key}.${sub}`),
])
const ALL_KEYS = [...USED, ...KNOWN.keys()]

const MAX_WARNINGS = 20

/** Which keys of a model's YAML have no effect, and why; at most twenty. */
export function keyWarnings(model: unknown): readonly KeyWarning[] {
  if (!isObject(model)) return []
  const keys = Object.entries(model).flatMap(([key, value]) => {
    if (value === null) return []
    const subKeys = keysOf(blocks[key])
    if (!Object.hasOwn(blocks, key)) return [key]
    if (!isObject(value) || Object.keys(subKeys).length === 0) return []
    return Object.keys(value).flatMap((sub) => (Object.hasOwn(subKeys, sub) ? [] : [`${key}.${sub}`]))
  })
  return keys
    .slice(0, MAX_WARNINGS)
    .map((key) => ({ key: key.slice(0, 100), sentence: sentenceFor(key.slice(0, 100)) }))
}

function sentenceFor(key: string): string {
  const known = KNOWN.get(key)
  if (known !== undefined) return known
  if (USED.includes(`parameters.${key}`)) return `has no effect here: it belongs under "parameters"`
  const nearest = closest(key, ALL_KEYS)
  const hint = distance(key, nearest) <= 2 ? `; did you mean "${nearest}"?` : ''
  return `is no key of a model configuration${hint}`
}

/** The keys of a block in the schema; none for anything else. */
function keysOf(schema: unknown): Readonly<Record<string, unknown>> {
  return isObject(schema) && isObject(schema['properties']) ? schema['properties'] : {}
}
