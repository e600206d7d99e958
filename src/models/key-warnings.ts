import { closest, distance } from 'fastest-levenshtein'
import { isObject } from '../base/json.ts'
import { ModelFileSchema } from './config-schema.ts'

/** A key of a model's YAML that has no effect here. */
export interface KeyWarning {
  /** With the block it stands in: `template.chat`. */
  readonly key: string
  readonly sentence: string
}

const OTHER_ENGINE = 'is for an engine that this node does not have'
const NOT_YET = 'is a key of LocalAI that this node does not use yet'
const NO_MEDIA = 'is not used: conversations here are text'
const EACH_REQUEST = 'is not used: each request says it for itself'

/** What LocalAI's other keys mean for us; blocks are told apart where some of their keys are used. */
export const KEYS_WITHOUT_EFFECT: ReadonlyMap<string, string> = new Map(
  [
    [NO_MEDIA, 'template.multimodal'],
    [EACH_REQUEST, 'parameters.n parameters.echo parameters.logprobs parameters.top_logprobs'],
    [OTHER_ENGINE, 'step tts.voice tts.voice_cloning parameters.clip_skip parameters.language parameters.translate'],
    [
      NOT_YET,
      `debug feature_flags prompt_cache_path prompt_cache_all prompt_cache_ro pipeline artifacts known_input_modalities
       known_output_modalities compression pii pii_detection router proxy mitm diffusers.enable_parameters
       agent.max_attempts agent.enable_reasoning agent.enable_planning agent.enable_mcp_prompts agent.enable_plan_re_evaluator
       agent.disable_sink_state agent.loop_detection agent.max_adjustment_attempts agent.force_reasoning_tool
       function.xml_format_preset function.xml_format function.disable_peg_parser`,
    ],
  ].flatMap(([sentence = '', keys = '']) => keys.split(/\s+/).map((key) => [key, sentence] as const)),
)

const blocks: Readonly<Record<string, unknown>> = ModelFileSchema.properties
const USED = namesOf(blocks)
const ALL_KEYS = [...USED, ...KEYS_WITHOUT_EFFECT.keys()]

const MAX_WARNINGS = 20

/** Which keys of a model's YAML have no effect, and why; at most twenty. */
export function keyWarnings(model: unknown): readonly KeyWarning[] {
  if (!isObject(model)) return []
  const keys = unusedKeys(model, blocks, '')
  return keys
    .slice(0, MAX_WARNINGS)
    .map((key) => ({ key: key.slice(0, 100), sentence: sentenceFor(key.slice(0, 100)) }))
}

/** Keys that the schema does not have, with the blocks they stand in. */
function unusedKeys(model: Record<string, unknown>, known: Readonly<Record<string, unknown>>, path: string): string[] {
  return Object.entries(model).flatMap(([key, value]) => {
    if (value === null) return []
    if (!Object.hasOwn(known, key)) return [`${path}${key}`]
    const inner = keysOf(known[key])
    if (!isObject(value) || Object.keys(inner).length === 0) return []
    return unusedKeys(value, inner, `${path}${key}.`)
  })
}

function namesOf(known: Readonly<Record<string, unknown>>, path = ''): readonly string[] {
  return Object.entries(known).flatMap(([key, schema]) => [
    `${path}${key}`,
    ...namesOf(keysOf(schema), `${path}${key}.`),
  ])
}

function sentenceFor(key: string): string {
  const known = KEYS_WITHOUT_EFFECT.get(key)
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
