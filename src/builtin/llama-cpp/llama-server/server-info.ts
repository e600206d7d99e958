import type { AbortOptions } from '../../../base/signals.ts'
import type { EngineModelInfo } from '../engine.ts'
import { member, type ServerApi } from './server-api.ts'

export interface ServerFacts {
  readonly info: EngineModelInfo
  /** Every token that ends an answer, and its text. Empty for a model that does not generate. */
  readonly endTexts: ReadonlyMap<number, string>
  /** One vector per text, rather than one per token. */
  readonly pools: boolean
  /** The special tokens that a whole text gets around it. */
  readonly frame: Frame
}

export interface Frame {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

/** What llama-server shows where a model has no template of its own. */
const FALLBACK_TEMPLATE = `{%- for message in messages -%}
  {{- '<|im_start|>' + message.role + '
' + message.content + '<|im_end|>
' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{- '<|im_start|>assistant
' -}}
{%- endif -%}`

/** Asks a llama-server that is ready about its model. */
export async function readServerFacts(
  api: ServerApi,
  { signal, embeddings }: AbortOptions & { readonly embeddings: boolean },
): Promise<ServerFacts> {
  const options = signal === undefined ? {} : { signal }
  const [props, models, frame, endTokens, pools] = await Promise.all([
    api.get('/props', options),
    api.get('/v1/models', options),
    readFrame(api, options),
    readEndTokens(api, options),
    embeddings ? poolsVectors(api, options) : false,
  ])
  const firstModel: unknown = (member(models, 'data', 'object') as readonly unknown[])[0]
  const meta = member(firstModel, 'meta', 'object')
  const template = member(props, 'chat_template', 'string')
  return {
    info: {
      contextSize: member(member(props, 'default_generation_settings', 'object'), 'n_ctx', 'number'),
      trainContextSize: member(meta, 'n_ctx_train', 'number'),
      vocabularySize: member(meta, 'n_vocab', 'number'),
      ...(template === '' || template === FALLBACK_TEMPLATE ? {} : { chatTemplate: template }),
      bosToken: member(props, 'bos_token', 'string'),
      eosToken: member(props, 'eos_token', 'string'),
      addsBos: frame.before.length > 0,
    },
    endTexts: new Map(
      await Promise.all(
        endTokens.map(async (token): Promise<[number, string]> => {
          const answer = await api.post('/detokenize', { tokens: [token] }, options)
          return [token, member(answer, 'content', 'string')]
        }),
      ),
    ),
    pools,
    frame,
  }
}

/**
 * There is no question for the tokens that end an answer. But a request that must not end forbids exactly those, and
 * an answer repeats the settings it was made with.
 */
async function readEndTokens(api: ServerApi, options: AbortOptions): Promise<readonly number[]> {
  const settings = 'generation_settings/logit_bias'
  const answer = await api
    .post('/completion', { prompt: 'a', n_predict: 0, ignore_eos: true, response_fields: [settings] }, options)
    .catch(() => {
      options.signal?.throwIfAborted()
      // An encoder: it generates nothing, so nothing ends.
      return { [settings]: [] }
    })
  return (member(answer, settings, 'object') as readonly unknown[]).map((entry) => member(entry, 'token', 'number'))
}

/** The OpenAI form of the question is refused for a model that gives one vector per token. */
async function poolsVectors(api: ServerApi, options: AbortOptions): Promise<boolean> {
  return await api.post('/v1/embeddings', { input: 'a' }, options).then(
    () => true,
    () => {
      options.signal?.throwIfAborted()
      return false
    },
  )
}

async function readFrame(api: ServerApi, options: AbortOptions): Promise<Frame> {
  const tokenize = async (whole: boolean): Promise<readonly number[]> => {
    const answer = await api.post('/tokenize', { content: 'a', add_special: whole }, options)
    return member(answer, 'tokens', 'object') as readonly number[]
  }
  const [bare, framed] = await Promise.all([tokenize(false), tokenize(true)])
  const at = framed.findIndex((_, index) => bare.every((token, offset) => framed[index + offset] === token))
  return { before: framed.slice(0, at), after: framed.slice(at + bare.length) }
}
