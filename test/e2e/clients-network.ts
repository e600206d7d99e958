import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { APICallError, generateText, streamText } from 'ai'
import OpenAI from 'openai'
import { collect } from '../support/collect.ts'
import { poll } from '../support/poll.ts'
import type { SwarmNode, SwarmNodeInit } from '../support/swarm.ts'
import { tinyReranker } from '../support/tiny-models.ts'

const MEDIA_BACKEND = fileURLToPath(new URL('../support/media-backend/main.ts', import.meta.url))
const FRANCE = [{ role: 'user', content: 'What is the capital of France?' }] as const
const PARIS = 'Paris is the capital of France.'
const weather: Anthropic.Tool = {
  name: 'get_weather',
  description: 'Get the weather of a city',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}

/** What a node needs to rank, to listen (`ears`) and to paint (`painter`). */
export async function mediaModels() {
  const folder = mkdtempSync(join(tmpdir(), 'local-ai-media-models-'))
  const script = join(folder, 'run.sh')
  writeFileSync(script, `#!/bin/sh\nexec '${process.execPath}' '${MEDIA_BACKEND}' --without-parent "$@"\n`, {
    mode: 0o755,
  })
  const files: Record<string, string> = { 'judge.gguf': await tinyReranker() }
  for (const [name, useCase] of Object.entries({ ears: 'transcript', painter: 'image' })) {
    const path = join(folder, `${name}.yaml`)
    const config = { name, backend: 'media', parameters: { model: `${name}.bin` }, known_usecases: [useCase] }
    writeFileSync(path, JSON.stringify(config))
    files[`${name}.yaml`] = path
  }
  const words = ['--external-grpc-backends', `media:${script}`]
  return {
    init: { files, arguments: words } satisfies Partial<SwarmNodeInit>,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

export interface ClientsInit {
  /** An entry that asks for this key. */
  readonly door: () => SwarmNode
  readonly key: string
  /** Serves the chat model and nothing else; asks for no key. */
  readonly owner: () => SwarmNode
  readonly chat: string
}

/** The official clients at an entry; the models are on other nodes. The last test starts the owner again. */
export function clientsThroughTheNetwork({ door, key, owner, chat }: ClientsInit): void {
  describe('the official clients through an entry', () => {
    const openai = (node: SwarmNode): OpenAI => new OpenAI({ baseURL: `${node.url}/v1`, apiKey: key, maxRetries: 0 })
    const anthropic = (apiKey = key): Anthropic => new Anthropic({ baseURL: door().url, apiKey, maxRetries: 0 })
    const greedy = { model: chat, max_tokens: 64, ...{ temperature: 0 } } as const

    it("gives Anthropic's messages, whole and streamed, with tools, and counts them", async () => {
      const client = anthropic()
      const request = { ...greedy, messages: [...FRANCE] }
      const whole = await client.messages.create(request)
      const streamed = await client.messages.stream(request).finalMessage()
      for (const { content, stop_reason } of [whole, streamed]) {
        assert.deepEqual(
          [content.map((block) => block.type === 'text' && block.text), stop_reason],
          [[PARIS], 'end_turn'],
        )
      }
      const counted = await client.messages.countTokens({ model: chat, messages: [...FRANCE] })
      assert.equal(counted.input_tokens, whole.usage.input_tokens + (whole.usage.cache_read_input_tokens ?? 0))
      const asked = { ...greedy, messages: [{ role: 'user' as const, content: 'What is the weather in Oslo?' }] }
      const called = await client.messages.stream({ ...asked, tools: [weather] }).finalMessage()
      const call = called.content.find((block) => block.type === 'tool_use')
      assert.deepEqual([called.stop_reason, call?.name, call?.input], ['tool_use', 'get_weather', { city: 'Oslo' }])
    })

    it("fails in Anthropic's words, whether here or on the other node", async () => {
      const large = [{ role: 'user' as const, content: 'x '.repeat(20_000) }]
      await assert.rejects(
        anthropic().messages.create({ ...greedy, messages: large }),
        (error) => error instanceof Anthropic.BadRequestError && /context/.test(error.message),
      )
      await assert.rejects(
        anthropic('not-it').messages.create({ ...greedy, messages: [...FRANCE] }),
        (error) => error instanceof Anthropic.AuthenticationError && /authentication_error/.test(error.message),
      )
      await assert.rejects(
        anthropic().messages.create({ ...greedy, model: 'no-such-model', messages: [...FRANCE] }),
        (error) => error instanceof Anthropic.APIError && /not_found_error|invalid_request_error/.test(error.message),
      )
    })

    it('generates and streams text for the Vercel AI SDK, in chat and in responses', async () => {
      const provider = createOpenAI({ baseURL: `${door().url}/v1`, apiKey: key })
      const prompt = FRANCE[0].content
      for (const model of [provider.chat(chat), provider.responses(chat)]) {
        const ask = { model, temperature: 0, maxRetries: 0 }
        assert.equal((await generateText({ ...ask, prompt })).text, PARIS)
        assert.equal((await collect(streamText({ ...ask, prompt }).textStream)).join(''), PARIS)
        await assert.rejects(
          generateText({ ...ask, prompt: 'x '.repeat(20_000) }),
          (error) => APICallError.isInstance(error) && error.statusCode === 400 && /context/.test(error.message),
        )
      }
    })

    it('ranks, and turns text into tokens and back', async () => {
      const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
        const headers = { 'content-type': 'application/json' }
        const answer = await door().fetch(`${door().url}${path}`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        })
        assert.equal(answer.status, 200, path)
        return (await answer.json()) as Record<string, unknown>
      }
      const ranked = await post('/v1/rerank', { model: 'judge.gguf', query: 'red?', documents: ['red', 'blue'] })
      assert.equal((ranked['results'] as readonly unknown[]).length, 2)
      const { tokens } = await post('/v1/tokenize', { model: chat, content: 'hello' })
      assert.deepEqual(await post('/v1/detokenize', { model: chat, tokens }), { content: 'hello' })
    })

    it('hands a recording to the node that listens, and a picture to whoever asks here', async () => {
      const client = openai(door())
      const recording = new File(['hello far node'], 'talk.wav')
      const heard = await client.audio.transcriptions.create({ model: 'ears', file: recording })
      assert.equal(heard.text, 'hello far node')
      const { data } = await client.images.generate({ model: 'painter', prompt: 'a cat', response_format: 'url' })
      const url = data?.[0]?.url ?? ''
      assert.ok(url.startsWith(`${door().url}/generated-images/`), url)
      const picture = await door().fetch(url)
      assert.deepEqual([picture.status, picture.headers.get('content-type')], [200, 'image/png'])
      assert.equal(Buffer.from(await picture.arrayBuffer()).toString('latin1', 1, 4), 'PNG')
    })

    it('keeps a response for whoever owns it, cancels it, and has it after its node came back', async () => {
      const client = openai(door())
      const ask = { model: chat, temperature: 0 }
      const first = await client.responses.create({ ...ask, input: FRANCE[0].content })
      assert.equal(first.output_text, PARIS)
      await assert.rejects(openai(owner()).responses.retrieve(first.id), OpenAI.NotFoundError)

      const story = { model: chat, input: 'Tell me a story.', max_output_tokens: 1500 }
      const stream = await client.responses.create({ ...story, background: true, stream: true })
      let running = ''
      for await (const event of stream) {
        if (event.type === 'response.created') running = event.response.id
        if (event.type === 'response.output_text.delta') break
      }
      assert.match((await client.responses.cancel(running)).status ?? '', /^(cancelled|completed)$/)

      await owner().end('SIGTERM')
      await owner().start()
      const again = await poll('the response is there again', 30_000, async () => {
        return await client.responses.retrieve(first.id).catch((error: unknown) => {
          assert.ok(error instanceof OpenAI.APIError, String(error))
          return undefined
        })
      })
      assert.equal(again.output_text, PARIS)
      assert.equal((await client.responses.inputItems.list(first.id)).data.length, 1)
      const next = { ...ask, input: 'Say hello.', previous_response_id: first.id, stream: true } as const
      const types = (await collect(await client.responses.create(next))).map(({ type }) => type)
      assert.deepEqual([types[0], types.at(-1)], ['response.created', 'response.completed'])
      await client.responses.delete(first.id)
      await assert.rejects(client.responses.retrieve(first.id), OpenAI.NotFoundError)
    })
  })
}
