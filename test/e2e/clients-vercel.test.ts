import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  APICallError,
  embed,
  embedMany,
  generateImage,
  generateObject,
  generateText,
  jsonSchema,
  type LanguageModel,
  Output,
  stepCountIs,
  streamObject,
  streamText,
  tool,
} from 'ai'
import { z } from 'zod'
import { collect } from '../support/collect.ts'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'
import { tinyEmbedding } from '../support/tiny-models.ts'

const KEY = 'key-of-the-vercel-client'
const PARIS = 'Paris is the capital of France.'
const FRANCE = 'What is the capital of France?'
const OSLO = 'What is the weather in Oslo?'
const ASK = { temperature: 0, maxRetries: 0 } as const
const city = z.object({ capital: z.string().max(12), large: z.boolean() })

/** A tool that writes down where it was called for. */
function weatherTool() {
  const asked: string[] = []
  const get_weather = tool({
    description: 'Get the weather of a city',
    // In the words that the tiny model was taught; a schema made by zod says more.
    inputSchema: jsonSchema<{ city: string }>({
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
    }),
    async execute({ city }) {
      asked.push(city)
      return '{"temperature": 20}'
    },
  })
  return { asked, tools: { get_weather } }
}

async function failure(work: () => PromiseLike<unknown>): Promise<APICallError> {
  try {
    await work()
  } catch (error) {
    assert.ok(APICallError.isInstance(error), String(error))
    return error
  }
  throw new Error('nothing failed')
}

describe('the Vercel AI SDK, unmodified, against the running command line', { timeout: 120_000 }, () => {
  let node: RunningNode

  before(async () => {
    const embedding = await tinyEmbedding()
    node = await startLocalAi({
      environment: { LOCALAI_API_KEY: KEY },
      prepare(folder) {
        mkdirSync(join(folder, 'models'))
        copyFileSync(embedding, join(folder, 'models', 'embedder.gguf'))
      },
    })
  })
  after(async () => await node[Symbol.asyncDispose]())

  const openai = (apiKey = KEY) => createOpenAI({ baseURL: `${node.url}/v1`, apiKey })
  const compatible = (apiKey = KEY) =>
    createOpenAICompatible({
      name: 'local',
      baseURL: `${node.url}/v1`,
      apiKey,
      includeUsage: true,
      supportsStructuredOutputs: true,
    })

  const kinds: Readonly<Record<string, (name: string, apiKey?: string) => LanguageModel>> = {
    'chat models of @ai-sdk/openai': (name, apiKey) => openai(apiKey).chat(name),
    'responses models of @ai-sdk/openai': (name, apiKey) => openai(apiKey).responses(name),
    'chat models of @ai-sdk/openai-compatible': (name, apiKey) => compatible(apiKey).chatModel(name),
  }

  for (const [kind, modelOf] of Object.entries(kinds)) {
    describe(kind, { concurrency: 2 }, () => {
      it('generate text', async () => {
        const { text, finishReason, usage } = await generateText({
          ...ASK,
          model: modelOf('tiny-chat'),
          prompt: FRANCE,
        })
        assert.deepEqual([text, finishReason], [PARIS, 'stop'])
        assert.ok((usage.inputTokens ?? 0) > 0 && (usage.outputTokens ?? 0) > 0)
        const cut = await generateText({ ...ASK, model: modelOf('tiny-chat'), prompt: FRANCE, maxOutputTokens: 2 })
        assert.deepEqual([cut.finishReason, cut.usage.outputTokens], ['length', 2])
      })

      it('stream text', async () => {
        const result = streamText({ ...ASK, model: modelOf('tiny-chat'), prompt: FRANCE })
        const pieces = await collect(result.textStream)
        assert.ok(pieces.length > 2)
        assert.equal(pieces.join(''), PARIS)
        assert.equal(await result.finishReason, 'stop')
        assert.ok(((await result.usage).outputTokens ?? 0) > 0)
      })

      it('call a tool and say what it gave, whole and streamed', async () => {
        const model = modelOf('tiny-chat')
        const whole = weatherTool()
        const stopWhen = stepCountIs(3)
        const { text, steps } = await generateText({ ...ASK, model, prompt: OSLO, tools: whole.tools, stopWhen })
        assert.deepEqual([text, steps.length], ['It is 20 degrees in Oslo.', 2])
        assert.deepEqual(whole.asked, ['Oslo'])
        const streamed = weatherTool()
        const result = streamText({ ...ASK, model, prompt: OSLO, tools: streamed.tools, stopWhen })
        assert.equal((await collect(result.textStream)).join(''), 'It is 20 degrees in Oslo.')
        assert.deepEqual(streamed.asked, ['Oslo'])
      })

      it('must call a tool, or must not', async () => {
        const { tools } = weatherTool()
        const request = { ...ASK, model: modelOf('tiny-chat'), prompt: FRANCE, tools, maxOutputTokens: 64 }
        const { toolCalls } = await generateText({ ...request, toolChoice: { type: 'tool', toolName: 'get_weather' } })
        assert.equal(toolCalls[0]?.toolName, 'get_weather')
        assert.equal((await generateText({ ...request, toolChoice: 'none' })).text, PARIS)
      })

      it('generate objects, whole and streamed', async () => {
        const model = modelOf('tiny-chat')
        const { object } = await generateObject({ ...ASK, model, prompt: FRANCE, schema: city })
        assert.ok(city.safeParse(object).success)
        const streamed = streamObject({ ...ASK, model, prompt: FRANCE, schema: city })
        const partial = await collect(streamed.partialObjectStream)
        assert.deepEqual(partial.at(-1), await streamed.object)
        const { output } = await generateText({
          ...ASK,
          model,
          prompt: FRANCE,
          output: Output.object({ schema: city }),
        })
        assert.ok(city.safeParse(output).success)
      })

      it('stop when nobody listens any more', async () => {
        const model = modelOf('tiny-chat')
        const stop = new AbortController()
        const story = { ...ASK, model, prompt: 'Tell me a story.', maxOutputTokens: 2000, abortSignal: stop.signal }
        for await (const _piece of streamText(story).textStream) stop.abort()
        assert.equal((await generateText({ ...ASK, model, prompt: FRANCE })).text, PARIS)
      })

      it('fail with the status and the words of the node', async () => {
        const ask = (model: LanguageModel, prompt: string) => generateText({ ...ASK, model, prompt })
        const missing = await failure(() => ask(modelOf('no-such-model'), FRANCE))
        assert.equal(missing.statusCode, 400)
        assert.match(missing.message, /no-such-model|model configuration not found/)
        const large = await failure(() => ask(modelOf('tiny-chat'), 'x '.repeat(20_000)))
        assert.equal(large.statusCode, 400)
        assert.match(large.message, /context/)
        const stranger = await failure(() => ask(modelOf('tiny-chat', 'not-it'), FRANCE))
        assert.equal(stranger.statusCode, 401)
        assert.equal(stranger.isRetryable, false)
        const errors: unknown[] = []
        const result = streamText({
          ...ASK,
          model: modelOf('no-such-model'),
          prompt: FRANCE,
          onError({ error }) {
            errors.push(error)
          },
        })
        await result.consumeStream()
        assert.ok(APICallError.isInstance(errors[0]))
        assert.equal(errors[0].statusCode, 400)
      })
    })
  }

  it('embeds, by either provider', async () => {
    for (const model of [openai().embedding('embedder.gguf'), compatible().embeddingModel('embedder.gguf')]) {
      const { embedding, usage } = await embed({ model, value: 'hello', maxRetries: 0 })
      assert.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-3)
      assert.ok(usage.tokens > 0)
      const { embeddings } = await embedMany({ model, values: ['hello', 'world'], maxRetries: 0 })
      assert.deepEqual(embeddings[0], embedding)
      assert.notDeepEqual(embeddings[1], embedding)
    }
  })

  it('completes', async () => {
    const request = { ...ASK, model: openai().completion('tiny-chat'), prompt: 'Once', maxOutputTokens: 6 }
    const { text } = await generateText(request)
    assert.equal((await collect(streamText(request).textStream)).join(''), text)
  })

  it('goes on from a stored response', async () => {
    const model = openai().responses('tiny-chat')
    const first = await generateText({ ...ASK, model, prompt: FRANCE })
    const previousResponseId = first.providerMetadata?.['openai']?.['responseId']
    assert.match(String(previousResponseId), /^resp_/)
    const providerOptions = { openai: { previousResponseId: String(previousResponseId) } }
    const next = await generateText({ ...ASK, model, prompt: FRANCE, providerOptions, maxOutputTokens: 8 })
    assert.ok((next.usage.inputTokens ?? 0) > (first.usage.inputTokens ?? 0))
  })

  it('is told what to install for pictures', async () => {
    const error = await failure(() => generateImage({ model: openai().image(''), prompt: 'a cat', maxRetries: 0 }))
    assert.equal(error.statusCode, 400)
    assert.match(error.message, /backends install/)
  })
})
