import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import OpenAI from 'openai'
import { parse } from 'yaml'
import { parseModelFile } from '../../src/models/config-schema.ts'
import type { TemplateTexts } from '../../src/models/prompt-config.ts'
import { toModelConfig } from '../../src/models/to-model-config.ts'
import { readEvents, startApi } from './api-harness.ts'
import { words } from './scripted-backend.ts'

const HERMES = `
stopwords: ["<|im_end|>"]
template:
  chat_message: "<|im_start|>{{ .RoleName }}\\n{{ .Content }}{{ if .FunctionCall }}{{ toJson .FunctionCall }}{{ end }}<|im_end|>"
  chat: "{{ .Input }}\\n<|im_start|>assistant\\n"
  function: "Tools: {{ range .Functions }}{{ .Name }} {{ end }}\\n{{ .Input }}\\n<|im_start|>assistant\\n"
  completion: "Go on: {{ .Input }}"
function:
  disable_no_action: true
  grammar: {disable: true}
`

async function startModel(yaml: string, ...answer: readonly string[]) {
  const file = parseModelFile(parse(yaml))
  const templates = Object.fromEntries(
    Object.entries(file.template ?? {}).map(([key, text]) => [key, { name: `template.${key}`, text: String(text) }]),
  ) as TemplateTexts
  const config = toModelConfig(file, { name: 'tiny', modelFile: '/models/tiny.gguf', templates }, {})
  const api = await startApi()
  api.node.models = [{ id: 'tiny', config, created: 1_700_000_000 }]
  api.node.script = words(...answer)
  return api
}

const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }]
const messages = [{ role: 'user', content: 'Hi' }]

describe('a model with templates of its own', () => {
  it("is asked by one prompt, and its call is the client's call", async () => {
    await using api = await startModel(
      HERMES,
      'I look.\n<tool',
      '_call>{"name": "look", ',
      '"arguments": {"at": 1}}</tool_call>',
    )
    const response = await api.post('/v1/chat/completions', { model: 'tiny', messages, tools })
    const answer = (await response.json()) as OpenAI.ChatCompletion
    assert.equal(api.node.asked[0]?.Prompt, 'Tools: look \n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n')
    assert.equal(api.node.asked[0]?.UseTokenizerTemplate, undefined)
    assert.deepEqual(api.node.asked[0]?.StopPrompts, ['<|im_end|>'])
    assert.equal(answer.choices[0]?.finish_reason, 'tool_calls')
    assert.equal(answer.choices[0]?.message.content, 'I look.')
    const [call] = answer.choices[0]?.message.tool_calls ?? []
    assert.deepEqual(call?.type === 'function' && call.function, { name: 'look', arguments: '{"at":1}' })
  })

  it("streams text at once and calls when they are there, by the unmodified client's own reading", async () => {
    await using api = await startModel(
      HERMES,
      ...['<thi', 'nk>hm</th', 'ink>Let', ' me', ' see', ' {"name": "lo', 'ok", "arguments"', ': {}}'],
    )
    const client = new OpenAI({ baseURL: `${api.url}/v1`, apiKey: 'none' })
    const request = { model: 'tiny', messages, tools, stream: true } as OpenAI.ChatCompletionCreateParamsStreaming
    const texts: string[] = []
    let thoughts = ''
    const stream = await client.chat.completions.create(request)
    const calls: string[] = []
    let reason: string | null | undefined
    for await (const chunk of stream) {
      const { delta, finish_reason } = chunk.choices[0] ?? {}
      const { reasoning_content: thought = '' } = (delta ?? {}) as { readonly reasoning_content?: string }
      thoughts += thought
      if (delta?.content) texts.push(delta.content)
      for (const call of delta?.tool_calls ?? [])
        calls.push(`${call.function?.name ?? ''}${call.function?.arguments ?? ''}`)
      reason = finish_reason ?? reason
    }
    assert.deepEqual([thoughts, texts, calls.join(''), reason], ['hm', ['Let', ' me', ' see'], 'look{}', 'tool_calls'])
  })

  it('goes on with texts in its template for them, and thinks aloud there', async () => {
    await using api = await startModel(HERMES, '<think>a</think>b')
    const response = await api.post('/v1/completions', { model: 'tiny', prompt: 'Once' })
    const answer = (await response.json()) as OpenAI.Completion
    assert.equal(api.node.asked[0]?.Prompt, 'Go on: Once')
    assert.equal(answer.choices[0]?.text, '<think>a</think>b')
  })

  it('whose template is wrong answers with an error that says where, and is asked nothing', async () => {
    await using api = await startModel('template: {chat: "{{ .Nope }}"}')
    const response = await api.post('/v1/chat/completions', { model: 'tiny', messages })
    assert.equal(response.status, 500)
    assert.match(await response.text(), /template template\.chat:1:4: there is no field Nope here/)
    assert.deepEqual(api.node.asked, [])
    assert.equal(api.node.leases, 0)
  })

  it('whose answer is too long for its patterns ends with an error, streaming or not, and gives the model back', async () => {
    await using api = await startModel("cutstrings: ['(a+)+$']", 'a'.repeat(1_100_000))
    for (const stream of [false, true]) {
      const response = await api.post('/v1/chat/completions', { model: 'tiny', messages, stream })
      assert.equal(response.status, 500)
      assert.match(await response.text(), /is not tried on more than/)
    }
    assert.equal(api.node.leases, 0)
  })
})

describe('a model without', () => {
  it('has its answers edited all the same', async () => {
    await using api = await startModel('trimsuffix: [END]', 'Fine', '. EN', 'D')
    const events = await readEvents(await api.post('/v1/chat/completions', { model: 'tiny', messages, stream: true }))
    assert.equal(api.node.asked[0]?.UseTokenizerTemplate, true)
    const said = events.map((event) => (event as Partial<OpenAI.ChatCompletionChunk>).choices?.[0]?.delta.content ?? '')
    assert.equal(said.join(''), 'Fine.')
  })

  it("gets what the request says in LocalAI's own fields", async () => {
    await using api = await startModel('name: tiny')
    const own = {
      tfz: 0.5,
      n_keep: 3,
      batch: 64,
      mirostat: 2,
      mirostat_eta: 0.2,
      mirostat_tau: 4,
      negative_prompt: 'no',
      negative_prompt_scale: 2,
      rope_freq_base: 10_000,
      rope_freq_scale: 0.5,
      grammar_json_functions: { oneOf: [{ type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }] },
    }
    const response = await api.post('/v1/chat/completions', { model: 'tiny', messages, ...own })
    assert.equal(response.status, 200)
    const asked = api.node.asked[0]
    assert.deepEqual(
      [asked?.TailFreeSamplingZ, asked?.NKeep, asked?.Batch, asked?.Mirostat, asked?.MirostatETA, asked?.MirostatTAU],
      [0.5, 3, 64, 2, 0.2, 4],
    )
    assert.deepEqual(
      [asked?.NegativePrompt, asked?.NegativePromptScale, asked?.RopeFreqBase, asked?.RopeFreqScale],
      ['no', 2, 10_000, 0.5],
    )
    assert.match(asked?.Grammar ?? '', /root ::=/)
  })
})
