import Type, { type Static } from 'typebox'
import { BLOCK, Count, Decimal, Switch, Text, Texts, Whole } from './yaml-types.ts'

/** Keys that only the backend understands: they go to LoadModel as they are. */
export const engineKeys = {
  low_vram: Type.Optional(Switch),
  numa: Type.Optional(Switch),
  no_mulmatq: Type.Optional(Switch),
  no_kv_offloading: Type.Optional(Switch),
  cache_type_k: Type.Optional(Text),
  cache_type_v: Type.Optional(Text),
  rms_norm_eps: Type.Optional(Decimal),
  ngqa: Type.Optional(Whole),
  rope_scaling: Type.Optional(Text),
  yarn_ext_factor: Type.Optional(Decimal),
  yarn_attn_factor: Type.Optional(Decimal),
  yarn_beta_fast: Type.Optional(Decimal),
  yarn_beta_slow: Type.Optional(Decimal),
  lora_base: Type.Optional(Text),
  draft_model: Type.Optional(Text),
  quantization: Type.Optional(Text),
  load_format: Type.Optional(Text),
  dtype: Type.Optional(Text),
  gpu_memory_utilization: Type.Optional(Decimal),
  swap_space: Type.Optional(Whole),
  max_model_len: Type.Optional(Whole),
  tensor_parallel_size: Type.Optional(Whole),
  trust_remote_code: Type.Optional(Switch),
  enforce_eager: Type.Optional(Switch),
  disable_log_stats: Type.Optional(Switch),
  limit_mm_per_prompt: Type.Optional(
    Type.Object({ image: Type.Optional(Count), video: Type.Optional(Count), audio: Type.Optional(Count) }, BLOCK),
  ),
  type: Type.Optional(Text),
  cfg_scale: Type.Optional(Decimal),
  cuda: Type.Optional(Switch),
  diffusers: Type.Optional(
    Type.Object(
      {
        cuda: Type.Optional(Switch),
        pipeline_type: Type.Optional(Text),
        scheduler_type: Type.Optional(Text),
        img2img: Type.Optional(Switch),
        clip_skip: Type.Optional(Whole),
        clip_model: Type.Optional(Text),
        clip_subfolder: Type.Optional(Text),
        control_net: Type.Optional(Text),
      },
      BLOCK,
    ),
  ),
  tts: Type.Optional(Type.Object({ audio_path: Type.Optional(Text) }, BLOCK)),
  overrides: Type.Optional(Texts),
  engine_args: Type.Optional(Type.Object({}, BLOCK)),
}

const EngineBlock = Type.Object(engineKeys)
/** The keys under their YAML names, checked. */
export type EngineKeys = Static<typeof EngineBlock>

/** Keys that only some backends understand and that go to them with every request. */
export const samplingKeys = {
  mirostat: Type.Optional(Whole),
  mirostat_eta: Type.Optional(Decimal),
  mirostat_tau: Type.Optional(Decimal),
  n_draft: Type.Optional(Count),
}

export const samplingParameters = {
  tfz: Type.Optional(Decimal),
  n_keep: Type.Optional(Whole),
  negative_prompt: Type.Optional(Text),
  negative_prompt_scale: Type.Optional(Decimal),
  rope_freq_base: Type.Optional(Decimal),
  rope_freq_scale: Type.Optional(Decimal),
  tokenizer: Type.Optional(Text),
}

export const predictionKeys = { ...samplingKeys, ...samplingParameters }
const PredictionBlock = Type.Object(predictionKeys)
/** The keys under their YAML names, checked. */
export type PredictionKeys = Static<typeof PredictionBlock>
