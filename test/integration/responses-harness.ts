import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { pino } from 'pino'
import { homeOf, NO_HOME } from '../../src/federation/home.ts'
import type { ResponsesInit } from '../../src/responses/create-responses.ts'
import { createResponses, RESPONSES_DEFAULTS, type Responses } from '../../src/responses/create-responses.ts'
import type { ResponsesEvents } from '../../src/responses/response-copy.ts'
import { reply, type Script } from './scripted-backend.ts'

export interface KeptResponses extends AsyncDisposable {
  readonly responses: Responses
  readonly folder: string
}

/** A store in a folder of its own, which goes with it. */
export async function keepResponses({
  peerId,
  events,
  ...init
}: Partial<ResponsesInit> & {
  readonly peerId?: string
  readonly events?: ResponsesEvents
} = {}): Promise<KeptResponses> {
  const parent = await mkdtemp(join(tmpdir(), 'local-ai-responses-'))
  const folder = join(parent, 'responses')
  const responses = createResponses(
    { log: pino({ level: 'silent' }), makeParent: async () => {}, ...(events === undefined ? {} : { events }) },
    { ...RESPONSES_DEFAULTS, folder, ttlMs: 0, home: () => (peerId === undefined ? NO_HOME : homeOf(peerId)), ...init },
  )
  await responses.start()
  return {
    responses,
    folder,
    async [Symbol.asyncDispose]() {
      await responses.stop()
      await rm(parent, { recursive: true })
    },
  }
}

/** The official client, as anybody would set it up. */
export function clientOf({ url }: { readonly url: string }, apiKey = 'none'): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })
}

/** A backend that calls one function. */
export const callsWeather: Script = async function* script() {
  const parts = [{ id: 'call_1', name: 'get_weather' }, { arguments: '{"city":' }, { arguments: '"Oslo"}' }]
  for (const part of parts) {
    const tool_calls = [{ index: 0, id: '', name: '', arguments: '', ...part }]
    yield reply({ chat_deltas: [{ content: '', reasoning_content: '', tool_calls }], tokens: 3, prompt_tokens: 9 })
  }
  return {}
}

export interface HeldScript {
  readonly script: Script
  /** Resolves when the first word is out. */
  readonly began: Promise<void>
  /** Resolves with the reason when the answer was broken off. */
  readonly broken: Promise<unknown>
  goOn(): void
}

/** A backend that says one word and the other when it is told to. */
export function holds(): HeldScript {
  const began = Promise.withResolvers<void>()
  const broken = Promise.withResolvers<unknown>()
  const more = Promise.withResolvers<void>()
  return {
    began: began.promise,
    broken: broken.promise,
    goOn: more.resolve,
    async *script(_request, { signal }) {
      yield reply({ message: Buffer.from('Hello'), tokens: 1, prompt_tokens: 7 })
      began.resolve()
      const aborted = Promise.withResolvers<never>()
      signal?.addEventListener('abort', () => aborted.reject(signal.reason))
      try {
        await Promise.race([more.promise, aborted.promise])
      } catch (reason) {
        broken.resolve(reason)
        throw reason
      }
      yield reply({ message: Buffer.from(' world'), tokens: 2, prompt_tokens: 7 })
      return { finishReason: 'stop' }
    },
  }
}
