import { list, setting } from './setting.ts'

/** Servers of other programs whose models this node serves as its own. */
export const upstreamSettings = {
  upstreams: setting({
    flags: ['--upstream'],
    env: ['LOCALAI_UPSTREAMS'],
    fallback: [],
    fallbackText: '',
    help: "NAME=URL of a server that speaks OpenAI's API: vLLM, SGLang, Ollama, llama-server, LM Studio, another gateway",
    group: 'Upstreams',
    kind: { ...list, placeholder: 'NAME=URL' },
  }),
  upstreamKeys: setting({
    flags: ['--upstream-key'],
    env: ['LOCALAI_UPSTREAM_KEYS'],
    fallback: [],
    fallbackText: '',
    help: 'NAME=env:VARIABLE or NAME=file:PATH: where the API key of an upstream stands; the key itself is never an argument',
    group: 'Upstreams',
    kind: { ...list, placeholder: 'NAME=PLACE' },
    secret: true,
  }),
  upstreamModels: setting({
    flags: ['--upstream-models'],
    env: ['LOCALAI_UPSTREAM_MODELS'],
    fallback: [],
    fallbackText: 'all',
    help: 'NAME=PATTERN,PATTERN: the only models of an upstream that are served; * stands for any characters',
    group: 'Upstreams',
    kind: { ...list, placeholder: 'NAME=A,B' },
  }),
} as const
