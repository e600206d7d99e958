import type { ModelOptions } from '../grpc/generated/backend/ModelOptions.ts'
import type { EngineKeys } from '../models/engine-schema.ts'
import type { ModelConfig } from '../models/model-config.ts'
import { isOn, text } from '../models/yaml-values.ts'

/** YAML keys that LoadModel takes as they are (backend-grpc.md section 5.1), and its fields for them. */
const SWITCHES = {
  low_vram: 'LowVRAM',
  numa: 'NUMA',
  no_mulmatq: 'NoMulMatQ',
  no_kv_offloading: 'NoKVOffload',
  trust_remote_code: 'TrustRemoteCode',
  enforce_eager: 'EnforceEager',
  disable_log_stats: 'DisableLogStatus',
} as const
const TEXTS = {
  cache_type_k: 'CacheTypeKey',
  cache_type_v: 'CacheTypeValue',
  rope_scaling: 'RopeScaling',
  lora_base: 'LoraBase',
  draft_model: 'DraftModel',
  quantization: 'Quantization',
  load_format: 'LoadFormat',
  dtype: 'DType',
  type: 'Type',
} as const
const NUMBERS = {
  rms_norm_eps: 'RMSNormEps',
  ngqa: 'NGQA',
  yarn_ext_factor: 'YarnExtFactor',
  yarn_attn_factor: 'YarnAttnFactor',
  yarn_beta_fast: 'YarnBetaFast',
  yarn_beta_slow: 'YarnBetaSlow',
  gpu_memory_utilization: 'GPUMemoryUtilization',
  swap_space: 'SwapSpace',
  max_model_len: 'MaxModelLen',
  tensor_parallel_size: 'TensorParallelSize',
  cfg_scale: 'CFGScale',
} as const

/** What a model's YAML says to its backend alone. Only what it says is there. */
export function engineOptions({ engine = {}, prediction = {}, grammarTriggers = [] }: ModelConfig): ModelOptions {
  const { limit_mm_per_prompt: limits, overrides = [], engine_args: engineArguments } = engine
  return withoutAbsent({
    ...each(SWITCHES, (key) => isOn(engine[key])),
    ...each(TEXTS, (key) => text(engine[key])),
    ...each(NUMBERS, (key) => engine[key]),
    ...diffusersOptions(engine),
    LimitImagePerPrompt: limits?.image,
    LimitVideoPerPrompt: limits?.video,
    LimitAudioPerPrompt: limits?.audio,
    AudioPath: text(engine.tts?.audio_path),
    Tokenizer: text(prediction.tokenizer),
    RopeFreqBase: prediction.rope_freq_base,
    RopeFreqScale: prediction.rope_freq_scale,
    Overrides: overrides.length === 0 ? undefined : overrides.map(String),
    GrammarTriggers: grammarTriggers.length === 0 ? undefined : grammarTriggers.map((word) => ({ word })),
    EngineArgs: engineArguments === undefined ? undefined : JSON.stringify(engineArguments),
  })
}

function diffusersOptions({ diffusers = {}, cuda }: EngineKeys) {
  return {
    CUDA: isOn(cuda) ?? isOn(diffusers.cuda),
    PipelineType: text(diffusers.pipeline_type),
    SchedulerType: text(diffusers.scheduler_type),
    IMG2IMG: isOn(diffusers.img2img),
    CLIPSkip: diffusers.clip_skip,
    CLIPModel: text(diffusers.clip_model),
    CLIPSubfolder: text(diffusers.clip_subfolder),
    ControlNet: text(diffusers.control_net),
  }
}

function each<Key extends string, Value>(
  fields: Readonly<Record<Key, string>>,
  read: (key: Key) => Value,
): Record<string, Value> {
  return Object.fromEntries((Object.keys(fields) as Key[]).map((key) => [fields[key], read(key)]))
}

function withoutAbsent(options: Record<string, unknown>): ModelOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
