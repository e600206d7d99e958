import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createChatFormat } from '../../../src/builtin/llama-cpp/chat-format/chat-format.ts'
import type { Engine, EngineModelInfo, GenerateRequest } from '../../../src/builtin/llama-cpp/engine.ts'
import { type PredictDeps, predict } from '../../../src/builtin/llama-cpp/predict.ts'
import { textToTokenize } from '../../../src/builtin/llama-cpp/text-to-tokenize.ts'
import type { PredictOptions, PredictOptions__Output } from '../../../src/grpc/generated/backend/PredictOptions.ts'
import { loadBackendService } from '../../../src/grpc/load-proto.ts'

const { TokenizeString } = loadBackendService().service
const overTheWire = (given: PredictOptions): PredictOptions__Output =>
  TokenizeString?.requestDeserialize(TokenizeString.requestSerialize(given)) as PredictOptions__Output

const TURNS = '{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}'
/** Begins the answer in the midst of a thought, which a grammar for the answer has to end first. */
const THINKS = `${TURNS}[assistant] <think>\n`

/** A model that is asked once, and what it was given: with the beginning-of-sequence token, as engines read prompts. */
function scriptedModel(template: string, addsBos: boolean) {
  const asked: string[] = []
  const info: EngineModelInfo = {
    contextSize: 100,
    trainContextSize: 100,
    vocabularySize: 10,
    bosToken: '<s>',
    eosToken: '</s>',
    addsBos,
  }
  const engine: Pick<Engine, 'info' | 'generate'> = {
    info,
    // biome-ignore lint/correctness/useYield: it has nothing to say
    async *generate({ prompt }: GenerateRequest) {
      asked.push(addsBos ? `<s>${prompt}` : prompt)
      const none = { promptTokens: 1, cachedTokens: 0, completionTokens: 0, promptMs: 0, generationMs: 0 }
      return { reason: 'stop', ...none }
    },
  }
  const format = createChatFormat({ template, bosToken: '<s>', eosToken: '</s>' })
  const deps: PredictDeps = { engine: engine as Engine, chatFormat: async () => format }
  return { asked, deps }
}

describe('what is tokenized', () => {
  const conversation: PredictOptions = {
    Prompt: 'plain',
    UseTokenizerTemplate: true,
    Messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'hi' },
    ],
  }
  const tools = JSON.stringify([{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }])
  const requests: readonly [what: string, request: PredictOptions][] = [
    ['a conversation', conversation],
    ['one with tools', { ...conversation, Tools: tools, ToolChoice: 'auto' }],
    ['one with a grammar', { ...conversation, Grammar: 'root ::= "a"' }],
  ]
  const templates: readonly [what: string, template: string][] = [
    ['a plain template', TURNS],
    ['a template that writes the first token', `{{ bos_token }}${TURNS}`],
    ['a template that opens a thought', THINKS],
  ]
  for (const [what, request] of requests) {
    for (const [which, template] of templates) {
      for (const addsBos of [true, false]) {
        it(`of ${what} through ${which} is what a prediction reads${addsBos ? ', with its first token' : ''}`, async () => {
          const { asked, deps } = scriptedModel(template, addsBos)
          const received = overTheWire(request)
          const signal = new AbortController().signal
          for await (const _part of predict(deps, received, { signal }));
          assert.equal(await textToTokenize(deps, received), asked[0])
          assert.ok(asked[0]?.includes('Be brief.'))
        })
      }
    }
  }

  it('is the plain text where the caller wants no conversation rendered', async () => {
    const { deps } = scriptedModel(TURNS, true)
    assert.equal(await textToTokenize(deps, overTheWire({ Prompt: 'plain' })), 'plain')
    assert.equal(await textToTokenize(deps, overTheWire({ ...conversation, UseTokenizerTemplate: false })), 'plain')
  })
})
