import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { engineKeys, samplingKeys, samplingParameters } from './engine-schema.ts'
import { FunctionBlock, ReasoningBlock, TemplateBlock, TemplateValues } from './prompt-schema.ts'
import { BLOCK, Count, Decimal, Decimals, Switch, Text, Texts, Whole } from './yaml-types.ts'

const Parameters = Type.Object(
  {
    model: Type.Optional(Text),
    temperature: Type.Optional(Decimal),
    top_p: Type.Optional(Decimal),
    top_k: Type.Optional(Whole),
    min_p: Type.Optional(Decimal),
    typical_p: Type.Optional(Decimal),
    max_tokens: Type.Optional(Whole),
    seed: Type.Optional(Whole),
    batch: Type.Optional(Count),
    ignore_eos: Type.Optional(Switch),
    repeat_penalty: Type.Optional(Decimal),
    repeat_last_n: Type.Optional(Whole),
    frequency_penalty: Type.Optional(Decimal),
    presence_penalty: Type.Optional(Decimal),
    logit_bias: Type.Optional(Type.Record(Type.String(), Decimal, { description: 'a block of token ids and numbers' })),
    ...samplingParameters,
  },
  BLOCK,
)

const DownloadFile = Type.Object(
  { filename: Text, uri: Text, sha256: Type.Optional(Text) },
  { description: 'a block with filename, uri and perhaps sha256' },
)

/**
 * The YAML of a model, as far as this node uses it (names and meanings as in LocalAI). All that is known of its shape
 * is here: types, checks and the list of keys that need no warning follow from it. Other keys may stand beside these.
 */
export const ModelFileSchema = Type.Object(
  {
    name: Type.Optional(Text),
    backend: Type.Optional(Text),
    alias: Type.Optional(Text),
    disabled: Type.Optional(Switch),
    pinned: Type.Optional(Switch),
    limits: Type.Optional(
      Type.Object({ max_concurrent: Type.Optional(Count), retry_after_seconds: Type.Optional(Count) }, BLOCK),
    ),
    concurrency_groups: Type.Optional(Texts),
    description: Type.Optional(Text),
    usage: Type.Optional(Text),
    parameters: Type.Optional(Parameters),
    context_size: Type.Optional(Count),
    threads: Type.Optional(Count),
    f16: Type.Optional(Switch),
    embeddings: Type.Optional(Switch),
    reranking: Type.Optional(Switch),
    gpu_layers: Type.Optional(Whole),
    main_gpu: Type.Optional(Text),
    tensor_split: Type.Optional(Text),
    mmap: Type.Optional(Switch),
    mmlock: Type.Optional(Switch),
    flash_attention: Type.Optional(Text),
    mmproj: Type.Optional(Text),
    lora_adapter: Type.Optional(Text),
    lora_scale: Type.Optional(Decimal),
    lora_adapters: Type.Optional(Texts),
    lora_scales: Type.Optional(Decimals),
    stopwords: Type.Optional(Texts),
    system_prompt: Type.Optional(Text),
    grammar: Type.Optional(Text),
    options: Type.Optional(Texts),
    known_usecases: Type.Optional(Texts),
    reasoning: Type.Optional(ReasoningBlock),
    reasoning_effort: Type.Optional(Text),
    chat_template_kwargs: Type.Optional(TemplateValues),
    template: Type.Optional(TemplateBlock),
    function: Type.Optional(FunctionBlock),
    roles: Type.Optional(Type.Record(Type.String(), Text, { description: 'a block of roles and texts' })),
    cutstrings: Type.Optional(Texts),
    extract_regex: Type.Optional(Texts),
    trimspace: Type.Optional(Texts),
    trimsuffix: Type.Optional(Texts),
    ...samplingKeys,
    ...engineKeys,
    mcp: Type.Optional(Type.Object({ remote: Type.Optional(Text), stdio: Type.Optional(Text) }, BLOCK)),
    agent: Type.Optional(Type.Object({ max_iterations: Type.Optional(Count) }, BLOCK)),
    grpc: Type.Optional(
      Type.Object({ attempts: Type.Optional(Count), attempts_sleep_time: Type.Optional(Count) }, BLOCK),
    ),
    download_files: Type.Optional(
      Type.Array(DownloadFile, { maxItems: 1000, description: 'a list of at most 1000 blocks' }),
    ),
  },
  BLOCK,
)

/** One model of a YAML file, checked. */
export type ModelFile = Static<typeof ModelFileSchema>

const validator = Compile(ModelFileSchema)

/** Checks one model of a YAML file. Throws `model.config-invalid` naming the key and what it should be. */
export function parseModelFile(value: unknown): ModelFile {
  const given = withoutNulls(value)
  if (validator.Check(given)) return given
  const [first] = validator.Errors(given)
  throw new AppError('model.config-invalid', first === undefined ? 'is malformed' : problem(given, first))
}

interface SchemaError {
  readonly instancePath: string
  readonly schemaPath: string
  readonly params: unknown
}

function problem(value: unknown, { instancePath, schemaPath, params }: SchemaError): string {
  const key = instancePath.split('/').slice(1).join('.')
  const missing = isObject(params) && Array.isArray(params['requiredProperties']) ? params['requiredProperties'][0] : ''
  if (typeof missing === 'string' && missing !== '') return `"${key}" lacks the key "${missing}"`
  const expected = describe(schemaPath)
  const subject = key === '' ? 'a model' : `"${key}"`
  return `${subject} must be ${expected}, and it is ${whatIs(at(value, instancePath))}`
}

/** The description of the schema that was violated, or of the union or list it belongs to. */
function describe(schemaPath: string): string {
  let node: unknown = ModelFileSchema
  let description = BLOCK.description
  for (const step of schemaPath.split('/').slice(1)) {
    node = (node as Record<string, unknown>)[step]
    if (isObject(node) && typeof node['description'] === 'string') description = node['description']
  }
  return description
}

function at(value: unknown, path: string): unknown {
  return path
    .split('/')
    .slice(1)
    .reduce<unknown>((node, step) => (node as Record<string, unknown> | undefined)?.[step], value)
}

function whatIs(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (isObject(value)) return 'a block of keys'
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** A key with nothing behind it counts as not there. */
function withoutNulls(value: unknown): unknown {
  if (!isObject(value)) return value
  const entries = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(entries.map(([key, member]) => [key, withoutNulls(member)]))
}
